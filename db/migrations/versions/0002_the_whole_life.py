"""The whole life of an invite: changes on Plex, grants, ends, notices, drift, trouble."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Instant = sa.DateTime(timezone=True)
LIVE = "state IN ('active', 'approved', 'requested', 'sending', 'sent', 'suspended', 'waitlisted')"


def _indexes_of_logins(held_by: str) -> None:
    """A login is held by the live invites, and by those for which Plex still has to be asked."""
    op.create_index(
        "uq_invite_live_login",
        "invite",
        ["guild_id", "login_blind"],
        unique=True,
        postgresql_where=sa.text(f"({LIVE} OR {held_by} IS NOT NULL)"),
    )
    op.create_index(
        "uq_invite_live_account",
        "invite",
        ["link_id", "account_id"],
        unique=True,
        postgresql_where=sa.text(f"account_id IS NOT NULL AND ({LIVE} OR {held_by} IS NOT NULL)"),
    )


def upgrade() -> None:
    """Add what the later states need; what was owed as a release becomes a change."""
    op.add_column("guild", sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False))
    for name, default in (("nudge_days", "3"), ("withdraw_days", "14"), ("breaker_percent", "50")):
        op.add_column(
            "guild", sa.Column(name, sa.Integer(), server_default=default, nullable=False)
        )
    op.create_check_constraint(
        op.f("ck_guild_days"), "guild", "nudge_days >= 0 AND withdraw_days >= 0"
    )
    op.create_check_constraint(
        op.f("ck_guild_breaker_percent"), "guild", "breaker_percent BETWEEN 1 AND 100"
    )
    op.add_column(
        "plex_link",
        sa.Column("listing_trusted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("plex_link", sa.Column("busy_until", Instant, nullable=True))
    op.add_column("tier", sa.Column("duration_days", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_tier_duration_days"), "tier", "duration_days > 0")
    _upgrade_invites()
    _create_notices()
    _create_drift()
    _create_trouble()


def _upgrade_invites() -> None:
    for column in (
        sa.Column("expires_at", Instant, nullable=True),
        sa.Column("nudged_at", Instant, nullable=True),
        sa.Column("grant_sections", postgresql.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("grant_settings", postgresql.JSONB(), nullable=True),
        sa.Column("is_restoring", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("change", sa.Text(), nullable=True),
        sa.Column("change_reason", sa.Text(), nullable=True),
        sa.Column("change_by", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stuck_at", Instant, nullable=True),
        sa.Column("change_due_at", Instant, nullable=True),
        sa.Column("work_leased_until", Instant, nullable=True),
    ):
        op.add_column("invite", column)
    op.execute(
        "UPDATE invite SET change = 'take_back', change_due_at = release_due_at"
        " WHERE release_due_at IS NOT NULL"
    )
    op.drop_index("uq_invite_live_login", "invite")
    op.drop_index("uq_invite_live_account", "invite")
    op.drop_index("ix_invite_release_due", "invite")
    op.drop_column("invite", "release_due_at")
    op.drop_column("invite", "release_attempt")
    _indexes_of_logins("change")
    op.create_check_constraint(
        op.f("ck_invite_change"),
        "invite",
        "change IS NULL OR change IN ('end', 'keep', 'suspend', 'take_back', 'update')",
    )
    op.create_check_constraint(
        op.f("ck_invite_an_end_has_a_reason"),
        "invite",
        "(change IS NOT NULL AND change = 'end') = (change_reason IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_invite_suspended_can_be_restored"),
        "invite",
        "state <> 'suspended' OR grant_sections IS NOT NULL",
    )
    op.create_check_constraint(
        op.f("ck_invite_nothing_is_wanted_in_the_end"),
        "invite",
        "state NOT IN ('denied', 'ended', 'failed') OR change IS NULL OR change = 'take_back'",
    )
    op.create_check_constraint(
        op.f("ck_invite_grant_is_never_empty"), "invite", "grant_sections <> '{}'"
    )
    op.create_index(
        "ix_invite_change_due",
        "invite",
        ["change_due_at"],
        postgresql_where=sa.text("change_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_invite_expires",
        "invite",
        ["expires_at"],
        postgresql_where=sa.text(f"expires_at IS NOT NULL AND {LIVE}"),
    )
    op.create_index(
        "ix_invite_sent_at",
        "invite",
        ["sent_at"],
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.create_index(
        "ix_invite_share",
        "invite",
        ["share_id"],
        postgresql_where=sa.text("share_id IS NOT NULL"),
    )
    op.create_index(
        "ix_invite_stuck",
        "invite",
        ["guild_id"],
        postgresql_where=sa.text("stuck_at IS NOT NULL"),
    )


def _create_notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.Column("cleared_at", Instant, nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at", Instant, nullable=True),
        sa.Column("leased_until", Instant, nullable=True),
        sa.CheckConstraint(
            "kind IN ('breaker', 'link_paused', 'stuck')", name=op.f("ck_notice_kind")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_notice_guild_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["plex_link.id"], name=op.f("fk_notice_link_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(
        "uq_notice_open",
        "notice",
        ["guild_id", "kind", sa.text("coalesce(link_id, 0)")],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_index(
        "ix_notice_due", "notice", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL")
    )


def _create_drift() -> None:
    op.create_table(
        "drift",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("share_id", sa.BigInteger(), nullable=False),
        sa.Column("invite_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("is_accepted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "section_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False
        ),
        sa.Column("since", Instant, nullable=False),
        sa.CheckConstraint(
            "kind IN ('libraries', 'unknown', 'unwanted')", name=op.f("ck_drift_kind")
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["plex_link.id"], name=op.f("fk_drift_link_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invite_id"], ["invite.id"], name=op.f("fk_drift_invite_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift")),
        sa.UniqueConstraint("link_id", "share_id", name=op.f("uq_drift_link_id_share_id")),
    )


def _create_trouble() -> None:
    op.create_table(
        "trouble",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="1", nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.Column("last_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guild.id"], name=op.f("fk_trouble_guild_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trouble")),
        sa.UniqueConstraint("job", "subject_id", name=op.f("uq_trouble_job_subject_id")),
    )
    op.create_index("ix_trouble_guild", "trouble", ["guild_id"])


def downgrade() -> None:
    """Back to the first states; what was suspended has ended, what was owed is a release again."""
    for table in ("trouble", "drift", "notice"):
        op.drop_table(table)
    op.add_column("invite", sa.Column("release_due_at", Instant, nullable=True))
    op.add_column(
        "invite", sa.Column("release_attempt", sa.Integer(), server_default="0", nullable=False)
    )
    op.execute("UPDATE invite SET release_due_at = change_due_at WHERE change = 'take_back'")
    for name in ("nothing_is_wanted_in_the_end", "an_end_has_a_reason"):
        op.drop_constraint(op.f(f"ck_invite_{name}"), "invite")
    # The first revision knows neither: what was to end has ended, and owes its share back.
    op.execute(
        "UPDATE invite SET state = 'ended', end_reason = change_reason, ended_at = now(),"
        " release_due_at = change_due_at WHERE change = 'end'"
    )
    op.execute(
        "UPDATE invite SET state = 'ended', end_reason = 'revoked', ended_at = now()"
        " WHERE state = 'suspended'"
    )
    for name in ("change_due", "expires", "sent_at", "share", "stuck"):
        op.drop_index(f"ix_invite_{name}", "invite")
    op.drop_index("uq_invite_live_login", "invite")
    op.drop_index("uq_invite_live_account", "invite")
    for name in (
        "grant_is_never_empty",
        "suspended_can_be_restored",
        "change",
    ):
        op.drop_constraint(op.f(f"ck_invite_{name}"), "invite")
    for name in (
        "work_leased_until",
        "change_due_at",
        "stuck_at",
        "tries",
        "change_by",
        "change_reason",
        "change",
        "is_restoring",
        "grant_settings",
        "grant_sections",
        "nudged_at",
        "expires_at",
    ):
        op.drop_column("invite", name)
    _indexes_of_logins("release_due_at")
    op.create_index(
        "ix_invite_release_due",
        "invite",
        ["release_due_at"],
        postgresql_where=sa.text("release_due_at IS NOT NULL"),
    )
    op.drop_constraint(op.f("ck_tier_duration_days"), "tier")
    op.drop_column("tier", "duration_days")
    op.drop_column("plex_link", "busy_until")
    op.drop_column("plex_link", "listing_trusted")
    for name in ("breaker_percent", "days"):
        op.drop_constraint(op.f(f"ck_guild_{name}"), "guild")
    for name in ("breaker_percent", "withdraw_days", "nudge_days", "timezone"):
        op.drop_column("guild", name)
