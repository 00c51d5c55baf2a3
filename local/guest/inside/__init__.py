"""What runs inside a guest's process: the package `crossover_guest` on its import path.

It runs on the guest's interpreter, Python 3.10 or later, and imports nothing of this project.
"""
