"""Measures the project as in production, over data made up for it: `make bench`."""
