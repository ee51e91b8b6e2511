"""Small networks on points that each run draws for itself: figures 2 to 4."""
