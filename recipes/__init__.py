"""Recipes: the paper's experiments, each a pure `run(config, key, data)`, a `figure` and what it concludes."""
