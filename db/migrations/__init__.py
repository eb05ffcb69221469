"""Alembic migrations of the ledger; a file a revision, numbered."""
