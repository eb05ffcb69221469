"""The ledger: models, queries, unit of work, migrations, and the embedded server."""
