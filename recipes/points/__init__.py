"""Small networks on points drawn anew for every run: figures 2 to 4."""
