"""The image that pods run: built with any engine, and checked as a pod would run it."""
