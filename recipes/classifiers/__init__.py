"""Classifiers of digits (figures 5 to 9).

The experiments are mnist and the studies activations, batch_size, hidden_size, optimizers and initializers. A study
trains the network of mnist with other settings: `classifier` makes it, and `study` draws and compares the groups.
"""
