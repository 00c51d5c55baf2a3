"""Two services that live here: one that fetches, one that computes. They prove the seam on both platforms."""
