"""Measurements: the comparison of both platforms, experiments and microbenchmarks, on shared statistics and results."""
