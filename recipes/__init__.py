"""The experiments of a paper, redone with `fnn`: each is a recipe whose claims are judged by what it measures.

"The paper" is "Neural Networks", a student report that builds a network library on NumPy and studies it on MNIST; its
code is at https://github.com/Elta305/Projet-ML. README.md, beside this file, says how to run and to write a recipe.
"""
