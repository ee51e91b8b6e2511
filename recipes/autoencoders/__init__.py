"""Autoencoders of digits: figures 10 to 15."""
