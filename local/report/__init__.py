"""The report: one self-contained page, a terminal summary and a picture, drawn from result files alone."""
