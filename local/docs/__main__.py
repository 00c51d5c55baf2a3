"""`python -m local.docs`: writes what is made from the code into documents and schema; a test sees to it that it was.

The documents have tables, the chart's schema has the settings that values may give, dashboards the list of panels.
"""

from local.deploy.chart import schema
from local.deploy.monitoring import dashboards
from local.docs.tables import DOCUMENTS, renewed
from local.files import write_atomically

for document in DOCUMENTS:
    document.write_text(renewed(document.read_text()))
schema.SCHEMA.write_text(schema.renewed(schema.SCHEMA.read_text()))
write_atomically(dashboards.GRAFANA, dashboards.grafana())
write_atomically(dashboards.CLOUDWATCH, dashboards.cloudwatch())
