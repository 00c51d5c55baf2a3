"""`python -m local.docs`: writes what is made from the code into documents and schema; a test sees to it that it was.

The documents have tables, the chart's schema has the settings that values may give.
"""

from local.deploy.chart import schema
from local.docs.tables import DOCUMENTS, renewed

for document in DOCUMENTS:
    document.write_text(renewed(document.read_text()))
schema.SCHEMA.write_text(schema.renewed(schema.SCHEMA.read_text()))
