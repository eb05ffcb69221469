"""What is shown of a person: an address to staff who ask for it, and all of it to themselves."""

import json
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.domain.errors import Forged, Refused
from bot.domain.logins import Login, LoginKind
from bot.domain.people import Actor
from db.ledger import Ledger

# So many lines of the log go into one file; Discord takes 10 MB.
MOST_LINES = 20_000


class PrivacyService:
    """Shows what is kept about a person, and writes down who has looked."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def address(self, actor: Actor, invite_id: int) -> Login:
        """The whole address of a request of the actor's guild, for staff; it is written down.

        Raises `Refused` where there is none to show.
        """
        async with self._ledger.begin() as work:
            invite = await work.invites.get(invite_id, actor.guild_id)
            if invite is None:
                raise Forged("invite.unknown")
            if invite.is_forgotten:
                raise Refused("invite.forgotten")
            if invite.login.kind is not LoginKind.EMAIL:
                raise Refused("address.none")
            await work.audit.happened(
                actor.guild_id,
                "address.shown",
                now=self._clock.now(),
                by=actor.user_id,
                invite_id=invite.id,
            )
            await work.commit()
            return invite.login

    async def export(self, actor: Actor) -> bytes:
        """Everything that the ledger holds about the actor in this guild, as a JSON file."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            held = await work.export.of_member(actor.guild_id, actor.user_id, MOST_LINES)
            await work.audit.happened(actor.guild_id, "member.exported", now=now, by=actor.user_id)
            await work.commit()
        head = {
            "about": "Everything that Helpr holds about you in this Discord server",
            "made_at": now,
            "discord_server_id": str(actor.guild_id),
            "discord_user_id": str(actor.user_id),
        }
        return json.dumps(head | held, default=_plain, ensure_ascii=False, indent=2).encode()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
