"""The comparison: the same handlers measured on both platforms of this machine, priced by what was measured."""
