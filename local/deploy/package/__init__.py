"""Packages of another project's application: zips and a template for Lambda, and a folder for its container image."""
