"""`python -m local.docs`: writes the made tables into the documents; a test sees to it that this was done."""

from local.docs.tables import DOCUMENTS, renewed

for document in DOCUMENTS:
    document.write_text(renewed(document.read_text()))
