"""A small shop: the application of another project, as its owner would have written it."""
