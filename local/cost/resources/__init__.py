"""The resources of a configuration, a module for each family: their settings, what they cost, what they serve."""
