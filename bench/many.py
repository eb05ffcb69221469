"""A guild with as many invites as wanted, written straight into the ledger."""

from typing import Protocol

# Of twenty requests in a row: what became of each.
_STATES = (
    *["ended"] * 12,
    "denied", "denied", "withdrawn", "failed", "active", "active", "suspended", "requested",
)  # fmt: skip
DAYS = 400
"""So far back the first of them asked."""

# $1 guild, $2 link, $3 tier, $4 how many, $5 the first member's id.
_INVITES = f"""
INSERT INTO invite (
  guild_id, member_id, link_id, tier_id, state, login_kind, login_sealed, login_blind,
  requested_at, decided_by, decided_at, sent_at, active_at, end_reason, ended_at, expires_at,
  grant_sections, failure_key
)
SELECT $1, $5::bigint + n, $2, $3, state, 'username', '',
  decode(lpad(to_hex($5::bigint + n), 32, '0'), 'hex'),
  asked, decided_by, asked + interval '1 hour' * (1 + n % 50),
  sent_at, sent_at + interval '2 hours',
  CASE WHEN state = 'ended' THEN CASE n % 3 WHEN 0 THEN 'never_accepted' ELSE 'expired' END END,
  CASE WHEN state = 'ended' THEN asked + interval '3 days' END,
  CASE WHEN state IN ('active', 'suspended')
    THEN now() + interval '1 day' + interval '{DAYS} days' * (n::float / $4::int) END,
  CASE WHEN state = 'suspended' THEN ARRAY[1]::bigint[] END,
  CASE WHEN state = 'failed' THEN 'plex.refused' END
FROM (
  SELECT n, state, asked,
    CASE WHEN state <> 'requested' THEN 100 + n % 7 END AS decided_by,
    CASE WHEN state IN ('ended', 'active', 'suspended')
      THEN asked + interval '3 hours' END AS sent_at
  FROM (
    SELECT n,
      (ARRAY[{", ".join(f"'{state}'" for state in _STATES)}])[1 + n % {len(_STATES)}] AS state,
      now() - interval '{DAYS} days' + n * (interval '{DAYS} days' / $4::int) AS asked
    FROM generate_series(0, $4::int - 1) AS n
  ) AS person
) AS request
"""

# $3 lines for each from the member $2 on; by number, so that they stand in the order of time.
_AUDIT = """
INSERT INTO audit_event (guild_id, invite_id, at, actor_id, action, from_state, to_state)
SELECT guild_id, id, requested_at + interval '1 minute' * line,
  CASE line WHEN 0 THEN member_id WHEN 1 THEN decided_by END,
  (ARRAY['invite.requested', 'invite.approved', 'invite.active'])[1 + line],
  'requested', 'requested'
FROM invite, generate_series(0, $3::int - 1) AS line
WHERE guild_id = $1 AND member_id >= $2 ORDER BY id, line
"""


class Connection(Protocol):
    """As much of asyncpg's connection as is needed."""

    async def execute(self, statement: str, *values: object) -> object:
        """Carry a statement out."""

    async def fetchval(self, statement: str, *values: object) -> int:
        """The first value."""


async def fill(
    connection: Connection, guild_id: int, invites: int, *, before: int = 0, lines: int = 3
) -> None:
    """Give a guild that has a link and a tier that many invites, each with lines in the log.

    `before`: how many it was given so already.
    """
    link, tier = [
        await connection.fetchval(f"SELECT min(id) FROM {table} WHERE guild_id = $1", guild_id)
        for table in ("plex_link", "tier")
    ]
    first = 10**15 + guild_id % 10**12 + before
    await connection.execute(_INVITES, guild_id, link, tier, invites, first)
    await connection.execute(_AUDIT, guild_id, first, lines)


async def fill_another(connection: Connection, guild_id: int, invites: int) -> None:
    """A guild of its own, with a link and a tier, and that many invites."""
    await connection.execute("INSERT INTO guild (id) VALUES ($1)", guild_id)
    await connection.execute(
        "INSERT INTO plex_link (guild_id, base_url, token_sealed) VALUES ($1, 'http://x', '')",
        guild_id,
    )
    await connection.execute(
        "INSERT INTO tier (guild_id, link_id, name)"
        " SELECT $1, id, 'Standard' FROM plex_link WHERE guild_id = $1",
        guild_id,
    )
    await fill(connection, guild_id, invites)
