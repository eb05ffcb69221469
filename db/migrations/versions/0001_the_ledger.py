"""The ledger, the limits, and the job queue's own tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Takes one hit under every key, or none at all. `keys`, `lims` and `wins` are parallel: key i may
# be hit lims[i] times within wins[i] seconds (0 or less: no limit). Answers 0 when the hits were
# taken, else the seconds to wait. A sliding log, so it is exact; the rows are locked in one order,
# so two callers never deadlock; the clock is the database's, so processes need not agree on time.
RATE_ACQUIRE = """
CREATE FUNCTION rate_acquire(keys text[], lims int[], wins float8[]) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
  taken timestamptz[];
  moment timestamptz;
  wait float8 := 0;
BEGIN
  INSERT INTO rate_hit (key, hits)
    SELECT DISTINCT k, '{}'::timestamptz[] FROM unnest(keys) AS k ORDER BY k
    ON CONFLICT DO NOTHING;
  PERFORM 1 FROM rate_hit WHERE key = ANY (keys) ORDER BY key FOR UPDATE;
  moment := clock_timestamp();
  FOR i IN 1 .. cardinality(keys) LOOP
    SELECT hits INTO taken FROM rate_hit WHERE key = keys[i];
    IF lims[i] > 0 AND cardinality(taken) >= lims[i] THEN
      wait := greatest(
        wait,
        extract(epoch FROM taken[cardinality(taken) - lims[i] + 1] - moment) + wins[i]
      );
    END IF;
  END LOOP;
  IF wait > 0 THEN
    RETURN wait;
  END IF;
  UPDATE rate_hit AS r
     SET touched = moment,
         hits = (r.hits || moment)[greatest(1, cardinality(r.hits) + 2 - u.most):]
    FROM (SELECT k, max(l) AS most FROM unnest(keys, lims) AS x(k, l) GROUP BY k) AS u
   WHERE r.key = u.k AND u.most > 0;
  RETURN 0;
END $$
"""

DROP_THE_QUEUE = """
DO $$
DECLARE thing record;
BEGIN
  FOR thing IN SELECT tablename FROM pg_tables
    WHERE schemaname = current_schema() AND tablename LIKE 'procrastinate\\_%' LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', thing.tablename);
  END LOOP;
  FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'procrastinate\\_%' LOOP
    EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', thing.name);
  END LOOP;
  FOR thing IN SELECT typname FROM pg_type
    WHERE typnamespace = current_schema()::regnamespace AND typname LIKE 'procrastinate\\_%'
      AND typtype IN ('e', 'c') LOOP
    EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', thing.typname);
  END LOOP;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "guild",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("request_channel_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "reviewer_role_ids", sa.ARRAY(sa.BigInteger()), server_default="{}", nullable=False
        ),
        sa.Column("admin_role_ids", sa.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guild")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("client_identifier", sa.Text(), nullable=False),
        sa.Column("commands_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("commands_claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key_check_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("id", name=op.f("ck_installation_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "rate_hit",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("hits", sa.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.Column(
            "touched", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_hit")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(op.f("ix_rate_hit_touched"), "rate_hit", ["touched"], unique=False)
    op.create_table(
        "plex_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("from_home", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="connecting", nullable=False),
        sa.Column("problem_key", sa.Text(), nullable=True),
        sa.Column("problem_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("machine_identifier", sa.Text(), nullable=True),
        sa.Column("server_name", sa.Text(), server_default="", nullable=False),
        sa.Column("owner_account_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_username_blind", sa.LargeBinary(), nullable=True),
        sa.Column("owner_email_blind", sa.LargeBinary(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connect_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reconcile_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'connected' OR (machine_identifier IS NOT NULL AND owner_account_id IS NOT NULL)",
            name=op.f("ck_plex_link_connected_is_known"),
        ),
        sa.CheckConstraint(
            "state IN ('connected', 'connecting', 'paused')", name=op.f("ck_plex_link_state")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_plex_link_guild_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plex_link")),
        sa.UniqueConstraint(
            "guild_id", "machine_identifier", name=op.f("uq_plex_link_guild_id_machine_identifier")
        ),
    )
    op.create_index("ix_plex_link_connect_due", "plex_link", ["connect_due_at"], unique=False)
    op.create_index("ix_plex_link_reconcile_due", "plex_link", ["reconcile_due_at"], unique=False)
    op.create_index(
        "uq_plex_link_home",
        "plex_link",
        ["guild_id"],
        unique=True,
        postgresql_where=sa.text("from_home"),
    )
    op.create_table(
        "library",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("section_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["link_id"], ["plex_link.id"], name=op.f("fk_library_link_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library")),
        sa.UniqueConstraint("link_id", "section_id", name=op.f("uq_library_link_id_section_id")),
    )
    op.create_table(
        "tier",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("allow_sync", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("allow_channels", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "allow_camera_upload", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("name <> ''", name=op.f("ck_tier_name")),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_tier_guild_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["plex_link.id"], name=op.f("fk_tier_link_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier")),
    )
    op.create_index(op.f("ix_tier_link_id"), "tier", ["link_id"], unique=False)
    op.create_index(
        "uq_tier_default", "tier", ["guild_id"], unique=True, postgresql_where=sa.text("is_default")
    )
    op.create_index(
        "uq_tier_name", "tier", ["guild_id", sa.literal_column("lower(name)")], unique=True
    )
    op.create_table(
        "invite",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("member_joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_id", sa.BigInteger(), nullable=True),
        sa.Column("tier_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="requested", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("login_kind", sa.Text(), nullable=False),
        sa.Column("login_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("login_blind", sa.LargeBinary(), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failure_key", sa.Text(), nullable=True),
        sa.Column("failure_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("share_id", sa.BigInteger(), nullable=True),
        sa.Column("share_adopted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("share_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("card_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("card_message_id", sa.BigInteger(), nullable=True),
        sa.Column("card_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("card_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("card_leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tell_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tell_leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dm_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("dm_message_id", sa.BigInteger(), nullable=True),
        sa.Column("dm_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("dm_closed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "(state = 'ended') = (end_reason IS NOT NULL)",
            name=op.f("ck_invite_ended_has_a_reason"),
        ),
        sa.CheckConstraint(
            "end_reason IS NULL OR end_reason IN ('declined', 'expired', 'inactive', 'left', 'left_discord', 'never_accepted', 'removed_on_plex', 'revoked', 'role_lost')",
            name=op.f("ck_invite_end_reason"),
        ),
        sa.CheckConstraint(
            "login_kind IN ('email', 'username')", name=op.f("ck_invite_login_kind")
        ),
        sa.CheckConstraint(
            "state <> 'denied' OR decided_by IS NOT NULL", name=op.f("ck_invite_denied_by_somebody")
        ),
        sa.CheckConstraint(
            "state IN ('active', 'approved', 'denied', 'ended', 'failed', 'requested', 'sending', 'sent', 'suspended', 'waitlisted', 'withdrawn')",
            name=op.f("ck_invite_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('active', 'approved', 'sending', 'sent', 'suspended') OR (link_id IS NOT NULL AND tier_id IS NOT NULL)",
            name=op.f("ck_invite_approved_for_a_tier"),
        ),
        sa.CheckConstraint(
            "version >= 1 AND card_version <= version", name=op.f("ck_invite_version")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_invite_guild_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["link_id"], ["plex_link.id"], name=op.f("fk_invite_link_id")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_invite_tier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invite")),
    )
    op.create_index(
        "ix_invite_card_due",
        "invite",
        ["card_due_at"],
        unique=False,
        postgresql_where=sa.text("card_due_at IS NOT NULL"),
    )
    op.create_index("ix_invite_member", "invite", ["guild_id", "member_id", "id"], unique=False)
    op.create_index(
        "ix_invite_pending",
        "invite",
        ["link_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.create_index("ix_invite_queue", "invite", ["guild_id", "state", "id"], unique=False)
    op.create_index(
        "ix_invite_release_due",
        "invite",
        ["release_due_at"],
        unique=False,
        postgresql_where=sa.text("release_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_invite_share_due",
        "invite",
        ["share_due_at"],
        unique=False,
        postgresql_where=sa.text("share_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_invite_tell_due",
        "invite",
        ["tell_due_at"],
        unique=False,
        postgresql_where=sa.text("tell_due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_invite_tier_id"), "invite", ["tier_id"], unique=False)
    op.create_index(
        "uq_invite_live_account",
        "invite",
        ["link_id", "account_id"],
        unique=True,
        postgresql_where=sa.text(
            "account_id IS NOT NULL AND (state IN ('active', 'approved', 'requested', 'sending', 'sent', 'suspended', 'waitlisted') OR release_due_at IS NOT NULL)"
        ),
    )
    op.create_index(
        "uq_invite_live_login",
        "invite",
        ["guild_id", "login_blind"],
        unique=True,
        postgresql_where=sa.text(
            "(state IN ('active', 'approved', 'requested', 'sending', 'sent', 'suspended', 'waitlisted') OR release_due_at IS NOT NULL)"
        ),
    )
    op.create_index(
        "uq_invite_live_member",
        "invite",
        ["guild_id", "member_id"],
        unique=True,
        postgresql_where=sa.text(
            "state IN ('active', 'approved', 'requested', 'sending', 'sent', 'suspended', 'waitlisted')"
        ),
    )
    op.create_table(
        "tier_library",
        sa.Column("tier_id", sa.BigInteger(), nullable=False),
        sa.Column("library_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["library_id"],
            ["library.id"],
            name=op.f("fk_tier_library_library_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tier_id"], ["tier.id"], name=op.f("fk_tier_library_tier_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tier_id", "library_id", name=op.f("pk_tier_library")),
    )
    op.create_index(
        op.f("ix_tier_library_library_id"), "tier_library", ["library_id"], unique=False
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("invite_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_audit_event_guild_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invite_id"], ["invite.id"], name=op.f("fk_audit_event_invite_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index("ix_audit_event_guild", "audit_event", ["guild_id", "id"], unique=False)
    op.create_index("ix_audit_event_invite", "audit_event", ["invite_id", "id"], unique=False)
    op.create_table(
        "invite_answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("invite_id", sa.BigInteger(), nullable=False),
        sa.Column("application_id", sa.BigInteger(), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["invite_id"],
            ["invite.id"],
            name=op.f("fk_invite_answer_invite_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invite_answer")),
    )
    op.create_index(
        op.f("ix_invite_answer_expires_at"), "invite_answer", ["expires_at"], unique=False
    )
    op.create_index(
        op.f("ix_invite_answer_invite_id"), "invite_answer", ["invite_id"], unique=False
    )
    op.execute(RATE_ACQUIRE)
    # Many statements in one text: asyncpg prepares what goes through SQLAlchemy, and a prepared
    # statement is a single one, so the schema goes to the driver itself.
    schema = SchemaManager.get_schema()
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda driver: driver.execute(schema))


def downgrade() -> None:
    op.execute(DROP_THE_QUEUE)
    op.execute("DROP FUNCTION rate_acquire(text[], int[], float8[])")
    op.drop_index(op.f("ix_invite_answer_invite_id"), table_name="invite_answer")
    op.drop_index(op.f("ix_invite_answer_expires_at"), table_name="invite_answer")
    op.drop_table("invite_answer")
    op.drop_index("ix_audit_event_invite", table_name="audit_event")
    op.drop_index("ix_audit_event_guild", table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_index(op.f("ix_tier_library_library_id"), table_name="tier_library")
    op.drop_table("tier_library")
    op.drop_index(
        "uq_invite_live_member",
        table_name="invite",
        postgresql_where=sa.text(
            "state IN ('active', 'approved', 'requested', 'sending', 'sent', 'suspended', 'waitlisted')"
        ),
    )
    op.drop_index(
        "uq_invite_live_login",
        table_name="invite",
        postgresql_where=sa.text(
            "(state IN ('active', 'approved', 'requested', 'sending', 'sent', 'suspended', 'waitlisted') OR release_due_at IS NOT NULL)"
        ),
    )
    op.drop_index(
        "uq_invite_live_account",
        table_name="invite",
        postgresql_where=sa.text(
            "account_id IS NOT NULL AND (state IN ('active', 'approved', 'requested', 'sending', 'sent', 'suspended', 'waitlisted') OR release_due_at IS NOT NULL)"
        ),
    )
    op.drop_index(op.f("ix_invite_tier_id"), table_name="invite")
    op.drop_index(
        "ix_invite_tell_due",
        table_name="invite",
        postgresql_where=sa.text("tell_due_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_invite_share_due",
        table_name="invite",
        postgresql_where=sa.text("share_due_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_invite_release_due",
        table_name="invite",
        postgresql_where=sa.text("release_due_at IS NOT NULL"),
    )
    op.drop_index("ix_invite_queue", table_name="invite")
    op.drop_index(
        "ix_invite_pending", table_name="invite", postgresql_where=sa.text("state = 'sent'")
    )
    op.drop_index("ix_invite_member", table_name="invite")
    op.drop_index(
        "ix_invite_card_due",
        table_name="invite",
        postgresql_where=sa.text("card_due_at IS NOT NULL"),
    )
    op.drop_table("invite")
    op.drop_index("uq_tier_name", table_name="tier")
    op.drop_index("uq_tier_default", table_name="tier", postgresql_where=sa.text("is_default"))
    op.drop_index(op.f("ix_tier_link_id"), table_name="tier")
    op.drop_table("tier")
    op.drop_table("library")
    op.drop_index(
        "uq_plex_link_home", table_name="plex_link", postgresql_where=sa.text("from_home")
    )
    op.drop_index("ix_plex_link_reconcile_due", table_name="plex_link")
    op.drop_index("ix_plex_link_connect_due", table_name="plex_link")
    op.drop_table("plex_link")
    op.drop_index(op.f("ix_rate_hit_touched"), table_name="rate_hit")
    op.drop_table("rate_hit")
    op.drop_table("installation")
    op.drop_table("guild")
