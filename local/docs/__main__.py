"""`python -m local.docs`: writes the made tables into README.md; a test sees to it that this was done."""

from local.docs.tables import README, renewed

README.write_text(renewed(README.read_text()))
