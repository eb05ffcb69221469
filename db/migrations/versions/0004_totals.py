"""Totals that follow the tables they count, and the indexes of what admins look up."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Adds `difference` to a row of the key that nobody else is changing, or to a new one: it never
# waits for another transaction, so that it can be part of no deadlock. A total is the sum of the
# rows of its key; there are as many as have ever been changed at the same moment.
ADD = """
CREATE FUNCTION {table}_add({parameters}, difference bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE {table} SET n = n + difference WHERE id = (
    SELECT id FROM {table} WHERE {same} LIMIT 1 FOR UPDATE SKIP LOCKED
  );
  IF NOT FOUND THEN
    INSERT INTO {table} ({columns}, n) VALUES ({arguments}, difference);
  END IF;
END $$
"""

# By statement, as one statement may change a million rows; a key whose sum stays is left alone.
FOLLOW = """
CREATE FUNCTION {table}_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM {add} FROM (SELECT {key}, 1 AS one FROM new_rows) AS changed {sums};
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM {add} FROM (SELECT {key}, -1 AS one FROM old_rows) AS changed {sums};
  ELSE
    PERFORM {add} FROM (
      SELECT {key}, 1 AS one FROM new_rows UNION ALL SELECT {key}, -1 FROM old_rows
    ) AS changed {sums};
  END IF;
  RETURN NULL;
END $$
"""

COUNT = """
INSERT INTO {table} ({columns}, n)
SELECT {columns}, count(*) FROM (SELECT {values} FROM {counted}) AS present GROUP BY {columns}
"""

TRIGGERS = """
CREATE TRIGGER {table}_on_{event} AFTER {event} ON {counted}
REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION {table}_follow()
"""
EVENTS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}

# What is counted, into which table, by which columns of what type.
TOTALS = (
    (
        "invite",
        "invite_total",
        {
            "guild_id": ("bigint", "guild_id"),
            "link_id": ("bigint", "coalesce(link_id, 0)"),
            "tier_id": ("bigint", "coalesce(tier_id, 0)"),
            "state": ("text", "state"),
        },
    ),
    (
        "audit_event",
        "audit_total",
        {
            "guild_id": ("bigint", "guild_id"),
            "day": ("date", "(at AT TIME ZONE 'UTC')::date"),
            "action": ("text", "action"),
        },
    ),
)


def upgrade() -> None:
    """Create, count what stands, and follow from then on; nobody writes in between."""
    _create_invite_total()
    _create_audit_total()
    op.execute("LOCK TABLE invite, audit_event IN SHARE ROW EXCLUSIVE MODE")
    for counted, table, key in TOTALS:
        _follow(counted, table, key)
    _create_indexes()


def _create_invite_total() -> None:
    op.create_table(
        "invite_total",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("tier_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invite_total")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(
        "ix_invite_total_key",
        "invite_total",
        ["guild_id", "link_id", "tier_id", "state"],
        unique=False,
    )


def _create_audit_total() -> None:
    op.create_table(
        "audit_total",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_total")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "ix_audit_total_key", "audit_total", ["guild_id", "day", "action"], unique=False
    )


def _follow(counted: str, table: str, key: dict[str, tuple[str, str]]) -> None:
    columns = ", ".join(key)
    values = ", ".join(f"{value} AS {name}" for name, (_, value) in key.items())
    op.execute(
        ADD.format(
            table=table,
            parameters=", ".join(f"of_{name} {type_}" for name, (type_, _) in key.items()),
            same=" AND ".join(f"{name} = of_{name}" for name in key),
            columns=columns,
            arguments=", ".join(f"of_{name}" for name in key),
        )
    )
    op.execute(
        FOLLOW.format(
            table=table,
            add=f"{table}_add({columns}, sum(one)::bigint)",
            key=values,
            sums=f"GROUP BY {columns} HAVING sum(one) <> 0",
        )
    )
    op.execute(COUNT.format(table=table, columns=columns, values=values, counted=counted))
    for event, rows in EVENTS.items():
        op.execute(TRIGGERS.format(table=table, event=event, counted=counted, rows=rows))


def _create_indexes() -> None:
    op.create_index(
        "ix_invite_ending",
        "invite",
        ["guild_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('active', 'suspended')"),
    )
    op.create_index(
        "ix_invite_role_problem",
        "invite",
        ["guild_id"],
        unique=False,
        postgresql_where=sa.text("role_problem IS NOT NULL"),
    )
    op.create_index("ix_invite_requested", "invite", ["guild_id", "requested_at"], unique=False)
    op.create_index(
        "ix_audit_event_actor", "audit_event", ["guild_id", "actor_id", "id"], unique=False
    )
    op.create_index(
        "ix_audit_event_action", "audit_event", ["guild_id", "action", "id"], unique=False
    )
    op.create_index("ix_audit_event_at", "audit_event", ["guild_id", "at"], unique=False)


def downgrade() -> None:
    """The way back; what was counted stays."""
    op.drop_index("ix_audit_event_at", table_name="audit_event")
    op.drop_index("ix_audit_event_action", table_name="audit_event")
    op.drop_index("ix_audit_event_actor", table_name="audit_event")
    op.drop_index("ix_invite_requested", table_name="invite")
    op.drop_index(
        "ix_invite_role_problem",
        table_name="invite",
        postgresql_where=sa.text("role_problem IS NOT NULL"),
    )
    op.drop_index(
        "ix_invite_ending",
        table_name="invite",
        postgresql_where=sa.text("state IN ('active', 'suspended')"),
    )
    for counted, table, key in reversed(TOTALS):
        for event in EVENTS:
            op.execute(f"DROP TRIGGER {table}_on_{event} ON {counted}")
        op.execute(f"DROP FUNCTION {table}_follow()")
        types = ", ".join(type_ for type_, _ in key.values())
        op.execute(f"DROP FUNCTION {table}_add({types}, bigint)")
        op.drop_table(table)
