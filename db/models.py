"""The ledger's tables.

Columns named `*_sealed` hold `Keyring.seal` of a value, `*_blind` its keyed HMAC. Every instant is
timestamptz. What is owed, and when, stands in `*_due_at`: the sweep enqueues whatever is due.
`*_leased_until` keeps a second look away while one is under way.
"""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.domain.bulk import BulkAction, BulkOutcome
from bot.domain.drift import DriftKind
from bot.domain.invites import LIVE, Change, EndReason, InviteState
from bot.domain.members import Absence, WishKind, WishState
from bot.domain.notices import NoticeKind
from bot.domain.panels import PanelKind, PanelProblem
from bot.domain.people import Asking
from bot.domain.sign_in import SignInPurpose, SignInState

Instant = DateTime(timezone=True)


def _values(*names: str) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))


LIVE_SQL = f"state IN ({_values(*LIVE)})"
# A withdrawn invite holds its login until Plex has given the share back: a new request for the
# same account would adopt the share that is about to go.
HOLDS_LOGIN_SQL = f"({LIVE_SQL} OR change IS NOT NULL)"


class Base(DeclarativeBase):
    """The declarative base; names every constraint, so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: Text,
        date: Date,
        datetime: Instant,
        bytes: LargeBinary,
        dict[str, Any]: JSONB,
        list[int]: ARRAY(BigInteger),
    }


class Installation(Base):
    """The one row about this installation as a whole."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id", name="one_row"),)

    id: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    client_identifier: Mapped[str]
    commands_hash: Mapped[str] = mapped_column(server_default="")
    commands_claimed_until: Mapped[datetime | None]
    # A known text, sealed: tells at start whether the keys at hand are those of this database.
    key_check_sealed: Mapped[bytes | None]


class Guild(Base):
    """A Discord server and its settings; a guild is a tenant."""

    __tablename__ = "guild"
    __table_args__ = (
        CheckConstraint("nudge_days >= 0 AND withdraw_days >= 0", name="days"),
        CheckConstraint("breaker_percent BETWEEN 1 AND 100", name="breaker_percent"),
        CheckConstraint(f"asking IN ({_values(*Asking)})", name="asking"),
        CheckConstraint("undo_seconds >= 0", name="undo_seconds"),
        CheckConstraint(
            "remind_days >= 0 AND remind_again_days >= 0 AND take_hours > 0"
            " AND grace_days >= 0 AND retention_days >= 0",
            name="member_side",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    request_channel_id: Mapped[int | None]
    reviewer_role_ids: Mapped[list[int]] = mapped_column(server_default="{}")
    admin_role_ids: Mapped[list[int]] = mapped_column(server_default="{}")
    locale: Mapped[str] = mapped_column(server_default="en")
    timezone: Mapped[str] = mapped_column(server_default="UTC")
    nudge_days: Mapped[int] = mapped_column(Integer, server_default="3")
    withdraw_days: Mapped[int] = mapped_column(Integer, server_default="14")
    breaker_percent: Mapped[int] = mapped_column(Integer, server_default="50")
    asking: Mapped[str] = mapped_column(server_default="freely")
    # For so long an approval waits before it is sent, so that it can be taken back.
    undo_seconds: Mapped[int] = mapped_column(Integer, server_default="0")
    # Members may ask by signing in with Plex.
    sign_in: Mapped[bool] = mapped_column(server_default=text("true"))
    # So long before access ends its member is reminded, and once more; 0 is never.
    remind_days: Mapped[int] = mapped_column(Integer, server_default="7")
    remind_again_days: Mapped[int] = mapped_column(Integer, server_default="1")
    # Requests may wait for a seat; who gets one has so long to accept on Plex.
    waiting_list: Mapped[bool] = mapped_column(server_default=text("true"))
    take_hours: Mapped[int] = mapped_column(Integer, server_default="48")
    # Who leaves the guild, or loses the tier's role, keeps access for so long.
    grace_days: Mapped[int] = mapped_column(Integer, server_default="7")
    # What is over for so long loses what it says about a person; 0 is never.
    retention_days: Mapped[int] = mapped_column(Integer, server_default="365")
    # Up to then an admin has vouched for it that those who seem to have left are really gone.
    absence_trusted_at: Mapped[datetime | None]
    # Who cannot be written to may be mentioned in a private thread.
    private_threads: Mapped[bool] = mapped_column(server_default=text("false"))
    # The one message on joining was posted, or tried.
    greeted_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    left_at: Mapped[datetime | None]


class PlexLink(Base):
    """The connection of a guild to a Plex account and server."""

    __tablename__ = "plex_link"
    __table_args__ = (
        UniqueConstraint("guild_id", "machine_identifier"),
        CheckConstraint(f"state IN ({_values('connecting', 'connected', 'paused')})", name="state"),
        CheckConstraint(
            "state <> 'connected'"
            " OR (machine_identifier IS NOT NULL AND owner_account_id IS NOT NULL)",
            name="connected_is_known",
        ),
        # One link a guild comes from the operator's HELPR_HOME__ settings.
        Index("uq_plex_link_home", "guild_id", unique=True, postgresql_where=text("from_home")),
        Index("ix_plex_link_connect_due", "connect_due_at"),
        Index("ix_plex_link_reconcile_due", "reconcile_due_at"),
        CheckConstraint("seats > 0", name="seats"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    from_home: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(server_default="connecting")
    problem_key: Mapped[str | None]
    problem_reason: Mapped[str] = mapped_column(server_default="")
    base_url: Mapped[str]
    token_sealed: Mapped[bytes]
    machine_identifier: Mapped[str | None]
    server_name: Mapped[str] = mapped_column(server_default="")
    owner_account_id: Mapped[int | None]
    owner_username_blind: Mapped[bytes | None]
    owner_email_blind: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    connected_at: Mapped[datetime | None]
    reconciled_at: Mapped[datetime | None]
    connect_due_at: Mapped[datetime | None]
    reconcile_due_at: Mapped[datetime | None]
    # Plex has asked for patience; counts for all links of the owner account.
    busy_until: Mapped[datetime | None]
    # An admin vouches for the next listing, which the breaker would not believe.
    listing_trusted: Mapped[bool] = mapped_column(server_default=text("false"))
    # How many shares Plex allows the owner account, pending ones included.
    seats: Mapped[int] = mapped_column(Integer, server_default="100")
    # An admin has disconnected it; the row stays for what refers to it.
    disconnected_at: Mapped[datetime | None]


class Library(Base):
    """A library of a linked server. `section_id` is plex.tv's id, `key` the server's own."""

    __tablename__ = "library"
    __table_args__ = (UniqueConstraint("link_id", "section_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("plex_link.id", ondelete="CASCADE"))
    section_id: Mapped[int]
    key: Mapped[int]
    title: Mapped[str]
    type: Mapped[str]
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    gone_at: Mapped[datetime | None]


class Tier(Base):
    """A named bundle: libraries, permission flags, filters, duration, seats, role."""

    __tablename__ = "tier"
    __table_args__ = (
        Index(
            "uq_tier_name",
            "guild_id",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("uq_tier_default", "guild_id", unique=True, postgresql_where=text("is_default")),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("duration_days > 0", name="duration_days"),
        CheckConstraint("seats > 0", name="seats"),
        CheckConstraint("deleted_at IS NULL OR NOT is_default", name="default_is_there"),
        CheckConstraint("leaving_for IS NULL OR NOT is_default", name="default_stays"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    link_id: Mapped[int] = mapped_column(ForeignKey("plex_link.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    allow_sync: Mapped[bool] = mapped_column(server_default=text("false"))
    allow_channels: Mapped[bool] = mapped_column(server_default=text("false"))
    allow_camera_upload: Mapped[bool] = mapped_column(server_default=text("false"))
    # Plex's own form, `contentRating=G%2CPG|label!=a`; empty: everything is let through.
    filter_movies: Mapped[str] = mapped_column(server_default="")
    filter_television: Mapped[str] = mapped_column(server_default="")
    filter_music: Mapped[str] = mapped_column(server_default="")
    duration_days: Mapped[int | None] = mapped_column(Integer)
    # None: only the server's own seats count.
    seats: Mapped[int | None] = mapped_column(Integer)
    # Granted while access is active.
    role_id: Mapped[int | None]
    # Members may ask for it.
    is_open: Mapped[bool] = mapped_column(server_default=text("true"))
    # Its people are being moved there; it is deleted when nobody holds it any more.
    leaving_for: Mapped[int | None] = mapped_column(ForeignKey("tier.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Ended invites still name it.
    deleted_at: Mapped[datetime | None]


class TierLibrary(Base):
    """A library that a tier shares."""

    __tablename__ = "tier_library"

    tier_id: Mapped[int] = mapped_column(
        ForeignKey("tier.id", ondelete="CASCADE"), primary_key=True
    )
    library_id: Mapped[int] = mapped_column(
        ForeignKey("library.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class InviteRow(Base):
    """One person's request for access and everything that follows from it."""

    __tablename__ = "invite"
    __table_args__ = (
        CheckConstraint(f"state IN ({_values(*InviteState)})", name="state"),
        CheckConstraint(
            f"end_reason IS NULL OR end_reason IN ({_values(*EndReason)})", name="end_reason"
        ),
        CheckConstraint("(state = 'ended') = (end_reason IS NOT NULL)", name="ended_has_a_reason"),
        CheckConstraint("state <> 'denied' OR decided_by IS NOT NULL", name="denied_by_somebody"),
        CheckConstraint(
            f"state NOT IN ({_values('approved', 'sending', 'sent', 'active', 'suspended')})"
            " OR (link_id IS NOT NULL AND tier_id IS NOT NULL)",
            name="approved_for_a_tier",
        ),
        CheckConstraint("login_kind IN ('email', 'username')", name="login_kind"),
        CheckConstraint(
            f"change IS NULL OR change IN ({_values(*Change)})",
            name="change",
        ),
        CheckConstraint(
            "(change IS NOT NULL AND change = 'end') = (change_reason IS NOT NULL)",
            name="an_end_has_a_reason",
        ),
        CheckConstraint(
            "state <> 'suspended' OR grant_sections IS NOT NULL", name="suspended_can_be_restored"
        ),
        CheckConstraint(
            f"state NOT IN ({_values('ended', 'failed', 'denied')}) OR change IS NULL"
            " OR change = 'take_back'",
            name="nothing_is_wanted_in_the_end",
        ),
        CheckConstraint("grant_sections <> '{}'", name="grant_is_never_empty"),
        CheckConstraint("version >= 1 AND card_version <= version", name="version"),
        Index(
            "uq_invite_live_member",
            "guild_id",
            "member_id",
            unique=True,
            postgresql_where=text(LIVE_SQL),
        ),
        # Before Plex is connected there is no link, hence the guild: typed logins meet there.
        Index(
            "uq_invite_live_login",
            "guild_id",
            "login_blind",
            unique=True,
            postgresql_where=text(HOLDS_LOGIN_SQL),
        ),
        Index(
            "uq_invite_live_account",
            "link_id",
            "account_id",
            unique=True,
            postgresql_where=text(f"account_id IS NOT NULL AND {HOLDS_LOGIN_SQL}"),
        ),
        Index("ix_invite_queue", "guild_id", "state", "id"),
        Index("ix_invite_member", "guild_id", "member_id", "id"),
        Index(
            "ix_invite_share_due", "share_due_at", postgresql_where=text("share_due_at IS NOT NULL")
        ),
        Index(
            "ix_invite_change_due",
            "change_due_at",
            postgresql_where=text("change_due_at IS NOT NULL"),
        ),
        Index(
            "ix_invite_expires",
            "expires_at",
            postgresql_where=text(f"expires_at IS NOT NULL AND {LIVE_SQL}"),
        ),
        Index("ix_invite_sent_at", "sent_at", postgresql_where=text("state = 'sent'")),
        Index("ix_invite_share", "share_id", postgresql_where=text("share_id IS NOT NULL")),
        Index("ix_invite_stuck", "guild_id", postgresql_where=text("stuck_at IS NOT NULL")),
        Index(
            "ix_invite_card_due", "card_due_at", postgresql_where=text("card_due_at IS NOT NULL")
        ),
        Index(
            "ix_invite_tell_due", "tell_due_at", postgresql_where=text("tell_due_at IS NOT NULL")
        ),
        Index("ix_invite_pending", "link_id", "id", postgresql_where=text("state = 'sent'")),
        Index("ix_invite_code", "code_id", "id", postgresql_where=text("code_id IS NOT NULL")),
        Index(
            "ix_invite_role_due", "role_due_at", postgresql_where=text("role_due_at IS NOT NULL")
        ),
        Index("ix_invite_guild", "guild_id", "id"),
        Index(
            "ix_invite_ending",
            "guild_id",
            "expires_at",
            postgresql_where=text("state IN ('active', 'suspended')"),
        ),
        Index(
            "ix_invite_role_problem",
            "guild_id",
            postgresql_where=text("role_problem IS NOT NULL"),
        ),
        Index("ix_invite_requested", "guild_id", "requested_at"),
        # Earlier invites of a Plex account, whoever asked for it.
        Index("ix_invite_login", "guild_id", "login_blind"),
        Index(
            "ix_invite_account",
            "guild_id",
            "account_id",
            postgresql_where=text("account_id IS NOT NULL"),
        ),
        Index(
            "ix_invite_waiting",
            "guild_id",
            "waitlisted_at",
            "id",
            postgresql_where=text("state = 'waitlisted'"),
        ),
        Index("ix_invite_grace", "grace_until", postgresql_where=text("grace_until IS NOT NULL")),
        Index(
            "ix_invite_presence_due",
            "presence_due_at",
            postgresql_where=text("presence_due_at IS NOT NULL"),
        ),
        Index("ix_invite_take_by", "take_by", postgresql_where=text("take_by IS NOT NULL")),
        CheckConstraint(
            f"absent_why IS NULL OR absent_why IN ({_values(*Absence)})", name="absent_why"
        ),
        CheckConstraint(
            "(absent_since IS NULL) = (absent_why IS NULL)", name="absent_for_a_reason"
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    member_id: Mapped[int]
    member_joined_at: Mapped[datetime | None]
    link_id: Mapped[int | None] = mapped_column(ForeignKey("plex_link.id"))
    tier_id: Mapped[int | None] = mapped_column(ForeignKey("tier.id"), index=True)
    state: Mapped[str] = mapped_column(server_default="requested")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    login_kind: Mapped[str]
    login_sealed: Mapped[bytes]
    login_blind: Mapped[bytes]
    note_sealed: Mapped[bytes | None]
    locale: Mapped[str] = mapped_column(server_default="en")
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    decision_reason_sealed: Mapped[bytes | None]
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    failure_key: Mapped[str | None]
    failure_reason: Mapped[str] = mapped_column(server_default="")
    share_id: Mapped[int | None]
    share_adopted: Mapped[bool] = mapped_column(server_default=text("false"))
    account_id: Mapped[int | None]
    sent_at: Mapped[datetime | None]
    active_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    nudged_at: Mapped[datetime | None]
    # What Plex is to give; kept while access is suspended, and put back from here.
    grant_sections: Mapped[list[int] | None]
    grant_settings: Mapped[dict[str, Any] | None]
    is_restoring: Mapped[bool] = mapped_column(server_default=text("false"))
    change: Mapped[str | None]
    change_reason: Mapped[str | None]
    change_by: Mapped[int | None]
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    stuck_at: Mapped[datetime | None]
    share_due_at: Mapped[datetime | None]
    change_due_at: Mapped[datetime | None]
    # Work on Plex for one invite is done by one at a time, be it a share or a change.
    work_leased_until: Mapped[datetime | None]
    card_channel_id: Mapped[int | None]
    card_message_id: Mapped[int | None]
    card_version: Mapped[int] = mapped_column(Integer, server_default="0")
    card_due_at: Mapped[datetime | None]
    card_leased_until: Mapped[datetime | None]
    tell_due_at: Mapped[datetime | None]
    tell_leased_until: Mapped[datetime | None]
    dm_channel_id: Mapped[int | None]
    dm_message_id: Mapped[int | None]
    dm_version: Mapped[int] = mapped_column(Integer, server_default="0")
    dm_closed: Mapped[bool] = mapped_column(server_default=text("false"))
    # The code that it came with.
    code_id: Mapped[int | None] = mapped_column(ForeignKey("code.id", ondelete="SET NULL"))
    # It came to nothing, so that its code can be used once more in its place.
    code_given_back: Mapped[bool] = mapped_column(server_default=text("false"))
    # The member has proved the account by signing in with Plex.
    is_proven: Mapped[bool] = mapped_column(server_default=text("false"))
    # The tier's role as it was granted, and what is owed about it.
    role_given_id: Mapped[int | None]
    role_problem: Mapped[str | None]
    role_tries: Mapped[int] = mapped_column(Integer, server_default="0")
    role_due_at: Mapped[datetime | None]
    role_leased_until: Mapped[datetime | None]
    # Its turn in the line for a seat; and until when a seat that has come free is kept for it.
    waitlisted_at: Mapped[datetime | None]
    take_by: Mapped[datetime | None]
    # The shortest time before `expires_at`, in days, of which the member was reminded.
    reminded_days: Mapped[int | None] = mapped_column(Integer)
    # The member has left the guild or lost the tier's role; access ends at `grace_until`.
    absent_since: Mapped[datetime | None]
    absent_why: Mapped[str | None]
    grace_until: Mapped[datetime | None]
    # When Discord is asked next whether the member is still there.
    presence_due_at: Mapped[datetime | None]
    presence_leased_until: Mapped[datetime | None]
    # What it said about a person is gone.
    erased_at: Mapped[datetime | None]


class InviteAnswer(Base):
    """A private answer that Discord lets Helpr edit for 15 minutes, by its interaction's token."""

    __tablename__ = "invite_answer"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    invite_id: Mapped[int] = mapped_column(ForeignKey("invite.id", ondelete="CASCADE"), index=True)
    application_id: Mapped[int]
    token_sealed: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuditEvent(Base):
    """Who did what, when, from which state to which, and why. Append-only."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_guild", "guild_id", "id"),
        Index("ix_audit_event_invite", "invite_id", "id"),
        Index("ix_audit_event_actor", "guild_id", "actor_id", "id"),
        Index("ix_audit_event_action", "guild_id", "action", "id"),
        Index("ix_audit_event_at", "guild_id", "at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    invite_id: Mapped[int | None] = mapped_column(ForeignKey("invite.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_id: Mapped[int | None]
    action: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str | None]
    why: Mapped[str] = mapped_column(server_default="")
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class Notice(Base):
    """What the admins of a guild are told once, in the request channel, and see mended there."""

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_values(*NoticeKind)})", name="kind"),
        Index(
            "uq_notice_open",
            "guild_id",
            "kind",
            text("coalesce(link_id, 0)"),
            unique=True,
            postgresql_where=text("cleared_at IS NULL"),
        ),
        Index("ix_notice_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("plex_link.id", ondelete="CASCADE"))
    kind: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    since: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    channel_id: Mapped[int | None]
    message_id: Mapped[int | None]
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]


class Drift(Base):
    """A difference between ledger and Plex that the last comparison found and left alone."""

    __tablename__ = "drift"
    __table_args__ = (
        UniqueConstraint("link_id", "share_id"),
        CheckConstraint(f"kind IN ({_values(*DriftKind)})", name="kind"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("plex_link.id", ondelete="CASCADE"))
    kind: Mapped[str]
    share_id: Mapped[int]
    invite_id: Mapped[int | None] = mapped_column(ForeignKey("invite.id", ondelete="CASCADE"))
    account_id: Mapped[int | None]
    name_sealed: Mapped[bytes | None]
    is_accepted: Mapped[bool] = mapped_column(server_default=text("false"))
    section_ids: Mapped[list[int]] = mapped_column(server_default="{}")
    since: Mapped[datetime]


class Trouble(Base):
    """A job that fails for a reason nobody foresaw, kept until it works again."""

    __tablename__ = "trouble"
    __table_args__ = (
        UniqueConstraint("job", "subject_id"),
        Index("ix_trouble_guild", "guild_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    job: Mapped[str]
    subject_id: Mapped[int]
    tries: Mapped[int] = mapped_column(Integer, server_default="1")
    reference: Mapped[str]
    since: Mapped[datetime]
    last_at: Mapped[datetime]


class RateHit(Base):
    """A sliding log of instants under one key, newest last. Read and written by `rate_acquire`."""

    __tablename__ = "rate_hit"
    __table_args__ = ({"postgresql_with": {"fillfactor": "70"}},)

    key: Mapped[str] = mapped_column(primary_key=True)
    hits: Mapped[list[datetime]] = mapped_column(ARRAY(Instant))
    touched: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class SignIn(Base):
    """Somebody signs in with Plex by a PIN: an admin links a server, a member proves an account.

    Plex's page takes the PIN; the bot asks whether it was taken until `expires_at`. Whatever is
    owed next is owed at `poll_due_at`: to ask, to give up what nobody uses, to sign a token out.
    """

    __tablename__ = "sign_in"
    __table_args__ = (
        CheckConstraint(f"purpose IN ({_values(*SignInPurpose)})", name="purpose"),
        CheckConstraint(f"state IN ({_values(*SignInState)})", name="state"),
        CheckConstraint(
            "state <> 'signed_in' OR (token_sealed IS NOT NULL AND account_id IS NOT NULL)",
            name="signed_in_is_known",
        ),
        # A second sign-in of the same person for the same replaces the first.
        Index(
            "uq_sign_in_open",
            "guild_id",
            "user_id",
            "purpose",
            unique=True,
            postgresql_where=text("state IN ('signed_in', 'waiting')"),
        ),
        Index(
            "ix_sign_in_poll_due", "poll_due_at", postgresql_where=text("poll_due_at IS NOT NULL")
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    user_id: Mapped[int]
    purpose: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    pin_id: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    poll_due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    # What the page's address needs, while it waits.
    code_sealed: Mapped[bytes | None]
    # Gone as soon as it is not needed any more.
    token_sealed: Mapped[bytes | None]
    account_id: Mapped[int | None]
    account_name_sealed: Mapped[bytes | None]
    account_email_sealed: Mapped[bytes | None]
    problem_key: Mapped[str | None]
    # What else the sign-in is for (a code, a tier, a note): ids and words, no secrets.
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    locale: Mapped[str] = mapped_column(server_default="en")
    # The private answer that is edited when Plex says yes.
    application_id: Mapped[int | None]
    answer_sealed: Mapped[bytes | None]
    answer_expires_at: Mapped[datetime | None]
    # The request that it proved, and until when its token is kept for accepting on Plex.
    invite_id: Mapped[int | None] = mapped_column(
        ForeignKey("invite.id", ondelete="SET NULL"), index=True
    )
    held_until: Mapped[datetime | None]


class Member(Base):
    """What a member of a guild has chosen, and been told once."""

    __tablename__ = "member"

    guild_id: Mapped[int] = mapped_column(
        ForeignKey("guild.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # None: whatever Discord says.
    locale: Mapped[str | None]
    dms_off: Mapped[bool] = mapped_column(server_default=text("false"))
    # Has read what Plex itself demands.
    streaming_read_at: Mapped[datetime | None]


class Message(Base):
    """What a member is told about a matter: by direct message, or when they next come by."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("guild_id", "user_id", "matter"),
        Index("ix_message_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index(
            "ix_message_unseen",
            "guild_id",
            "user_id",
            "id",
            postgresql_where=text("seen_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    user_id: Mapped[int]
    invite_id: Mapped[int | None] = mapped_column(
        ForeignKey("invite.id", ondelete="CASCADE"), index=True
    )
    # What it is about, e.g. `ending:7`: one message a matter.
    matter: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    locale: Mapped[str] = mapped_column(server_default="en")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    # Where it was written to, or that it could not be.
    sent_at: Mapped[datetime | None]
    untold_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    channel_id: Mapped[int | None]
    message_id: Mapped[int | None]


class Wish(Base):
    """A member with access asks for more of it: for time, or for another tier."""

    __tablename__ = "wish"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_values(*WishKind)})", name="kind"),
        CheckConstraint(f"state IN ({_values(*WishState)})", name="state"),
        CheckConstraint("(kind = 'tier') = (tier_id IS NOT NULL)", name="tier_is_known"),
        Index(
            "uq_wish_open",
            "invite_id",
            "kind",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_wish_guild", "guild_id", "state", "id"),
        Index("ix_wish_card_due", "card_due_at", postgresql_where=text("card_due_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    invite_id: Mapped[int] = mapped_column(ForeignKey("invite.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[int]
    kind: Mapped[str]
    tier_id: Mapped[int | None] = mapped_column(ForeignKey("tier.id"), index=True)
    note_sealed: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(server_default="open")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime]
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    reason_sealed: Mapped[bytes | None]
    card_channel_id: Mapped[int | None]
    card_message_id: Mapped[int | None]
    card_version: Mapped[int] = mapped_column(Integer, server_default="0")
    card_due_at: Mapped[datetime | None]
    card_leased_until: Mapped[datetime | None]


class Forgetting(Base):
    """A member has asked to be forgotten; the row goes with the last of what it is about."""

    __tablename__ = "forgetting"
    __table_args__ = (UniqueConstraint("guild_id", "user_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    user_id: Mapped[int]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    leased_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, server_default="0")


class TurnedAway(Base):
    """Keyed hashes of somebody who was sent away and then forgotten: it is no way back in."""

    __tablename__ = "turned_away"

    guild_id: Mapped[int] = mapped_column(
        ForeignKey("guild.id", ondelete="CASCADE"), primary_key=True
    )
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Code(Base):
    """A code for skipping approval or choosing a tier. Only its keyed hash is stored."""

    __tablename__ = "code"
    __table_args__ = (
        CheckConstraint("uses >= 0 AND (uses_most IS NULL OR uses <= uses_most)", name="uses"),
        CheckConstraint("uses_most > 0", name="uses_most"),
        Index("uq_code_hash", "guild_id", "hash", unique=True),
        Index("ix_code_guild", "guild_id", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    # None: the guild's default tier, whichever that is when the code is used.
    tier_id: Mapped[int | None] = mapped_column(ForeignKey("tier.id"), index=True)
    hash: Mapped[bytes]
    # What admins tell it apart by; never the code, nor a part of it.
    label: Mapped[str] = mapped_column(server_default="")
    is_chosen: Mapped[bool] = mapped_column(server_default=text("false"))
    skips_approval: Mapped[bool] = mapped_column(server_default=text("true"))
    uses: Mapped[int] = mapped_column(Integer, server_default="0")
    # None: as often as people like.
    uses_most: Mapped[int | None] = mapped_column(Integer)
    created_by: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # The Discord invite that it travels with: https://discord.gg/<this>.
    discord_code: Mapped[str | None]
    discord_expires_at: Mapped[datetime | None]


class Bulk(Base):
    """One admin's word about many invites, carried out one by one."""

    __tablename__ = "bulk"
    __table_args__ = (
        CheckConstraint(f"action IN ({_values(*BulkAction)})", name="action"),
        Index("ix_bulk_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_bulk_guild", "guild_id", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    actor_id: Mapped[int]
    manages_server: Mapped[bool] = mapped_column(server_default=text("false"))
    action: Mapped[str]
    # What the action takes: a reason, an end, a tier's id. No secrets.
    details: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    total: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    locale: Mapped[str] = mapped_column(server_default="en")
    # The private answer that shows the progress.
    application_id: Mapped[int | None]
    answer_sealed: Mapped[bytes | None]
    answer_expires_at: Mapped[datetime | None]


class BulkItem(Base):
    """What became of one invite of a bulk."""

    __tablename__ = "bulk_item"
    __table_args__ = (
        CheckConstraint(f"outcome IN ({_values(*BulkOutcome)})", name="outcome"),
        Index("ix_bulk_item_open", "bulk_id", postgresql_where=text("outcome = 'waiting'")),
    )

    bulk_id: Mapped[int] = mapped_column(
        ForeignKey("bulk.id", ondelete="CASCADE"), primary_key=True
    )
    invite_id: Mapped[int] = mapped_column(
        ForeignKey("invite.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    outcome: Mapped[str] = mapped_column(server_default="waiting")
    # Why not: a key of `bot.domain.errors` and what fills its sentence.
    problem_key: Mapped[str | None]
    problem_params: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class Panel(Base):
    """A message that stands in a channel for everybody who sees it, and is healed when deleted."""

    __tablename__ = "panel"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_values(*PanelKind)})", name="kind"),
        CheckConstraint(f"problem IN ({_values(*PanelProblem)})", name="problem"),
        UniqueConstraint("guild_id", "kind", "channel_id"),
        Index("ix_panel_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int] = mapped_column(ForeignKey("guild.id", ondelete="CASCADE"))
    kind: Mapped[str]
    channel_id: Mapped[int]
    message_id: Mapped[int | None]
    # A digest of what the message shows, so that nothing is edited for nothing.
    shown: Mapped[str] = mapped_column(server_default="")
    created_by: Mapped[int]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    # When it was last known to stand.
    looked_at: Mapped[datetime | None]
    # How often it was posted anew since `healed_at`, against a war with whoever deletes it.
    heals: Mapped[int] = mapped_column(Integer, server_default="0")
    healed_at: Mapped[datetime | None]
    problem: Mapped[str | None]
    # An admin has taken it away: its message is still to be deleted.
    removed_at: Mapped[datetime | None]


class InviteTotal(Base):
    """How many invites have this tier and state: the sum over the rows of a key.

    Kept by triggers on `invite` (`docs/adr/0016-totals-never-wait.md`). 0 for no link, no tier.
    """

    __tablename__ = "invite_total"
    __table_args__ = (
        Index("ix_invite_total_key", "guild_id", "link_id", "tier_id", "state"),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int]
    link_id: Mapped[int]
    tier_id: Mapped[int]
    state: Mapped[str]
    n: Mapped[int]


class AuditTotal(Base):
    """How many lines of an action the audit log has of a day (UTC): the sum over a key's rows.

    Kept by triggers on `audit_event`.
    """

    __tablename__ = "audit_total"
    __table_args__ = (
        Index("ix_audit_total_key", "guild_id", "day", "action"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    guild_id: Mapped[int]
    day: Mapped[date]
    action: Mapped[str]
    n: Mapped[int]
