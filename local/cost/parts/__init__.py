"""The parts of a configuration, a module for each family: what can be said of them, what they cost, what they serve."""
