"""Load with known answers: every answer of every request is checked."""
