"""Result files: what a measurement was asked, where it ran and what it found; reports are drawn from them alone."""
