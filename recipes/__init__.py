"""The experiments of a paper, redone with `fnn`: each is a recipe whose claims are judged by what it measures.

"The paper" is "Neural Networks", which builds a library on NumPy and studies it on MNIST; its code is at
https://github.com/Elta305/Projet-ML. README.md in this folder says how to run a recipe, and how to write one.
"""
