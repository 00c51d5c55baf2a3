"""`crossover smoke`: a running bundle asked what it has to know, and every answer compared."""
