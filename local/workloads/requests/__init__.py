"""Requests of a real application, read from a file: one module for each format, all of them pure and bounded."""
