"""Small networks on points that each run draws for itself (figures 2 to 4).

The experiments are linear_regression, linear_classification, xor and xor_tanh. They share `ensemble`, which trains all
networks of an experiment by one fold, and `study`, which draws and judges them.
"""
