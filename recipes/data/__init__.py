"""The digits of MNIST, as files, and how they are read."""
