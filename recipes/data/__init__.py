"""The digits that travel with the project."""
