"""Load with known answers: every answer of every request is checked. Others import `local.load.api`."""
