"""Synthetic tweets, as messy as real ones."""
