"""Redis or Valkey on this machine, for caches."""
