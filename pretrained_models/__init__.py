"""Weights that the committed scripts trained, each in a folder with its card."""
