"""Experiments: a configuration in, real runs, a result out. A report is drawn from its result alone."""
