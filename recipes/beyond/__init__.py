"""Experiments beyond the paper: what normalisation, dropout, convolutions and sequences bring to the same digits."""
