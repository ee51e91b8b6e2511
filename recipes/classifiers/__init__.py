"""Classifiers of digits: figures 5 to 9."""
