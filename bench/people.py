"""The people of the bench: members who ask once, and Alice, who decides."""

from collections.abc import Awaitable
from itertools import count
from typing import Any

import simcord

from bench.probe import seconds_in
from bench.stage import CannotMeasure, Stage, until
from bench.watch import Watch

FORM = "Use e-mail or username"


class People:
    """What people do in Discord, one action after the other, watched."""

    def __init__(self, stage: Stage) -> None:
        self.watch = Watch(stage.discord)
        self._discord = stage.discord
        self._plex = stage.plex
        self._numbers = count(1)

    def newcomer(self) -> simcord.MemberActor:
        """Somebody new in the guild, who has an account on Plex."""
        name = f"member{next(self._numbers)}"
        self._plex.world.add_account(name, f"{name}@example.org")
        user = self._discord.env.create_user(name)
        return self._discord.world.guild.add_member(user, roles=[])

    async def run(self, who: simcord.MemberActor, command: str) -> Any:
        """A slash command; returns when it is acknowledged."""
        result = await who.slash(self._discord.world.get_access, command)
        if not result.acknowledged:
            raise CannotMeasure(f"/{command} was not acknowledged")
        return result

    async def run_to_the_end(self, who: simcord.MemberActor, command: str) -> Any:
        """A slash command; returns when its answer is there."""
        return await self._discord.finished(await self.run(who, command), timeout=60)

    async def ask(self, who: simcord.MemberActor) -> Any:
        """`/invite` and its form; returns the card in the request channel."""
        return await self.new_card(self.submit(who, await self.form(who)))

    async def form(self, who: simcord.MemberActor, ways: Any = None) -> Any:
        """The form, of the two `ways` of `/invite`. Raises CannotMeasure where there are none."""
        ways = await self._discord.finished(ways or await self.run(who, "invite"), timeout=60)
        if ways.response is None or FORM not in str(ways.response.components):
            raise CannotMeasure("/invite does not offer the form")
        return await who.click(ways.response, label=FORM)

    async def submit(self, who: simcord.MemberActor, shown: Any) -> None:
        """Fill and send the form of `/invite`; returns when that is acknowledged."""
        await who.submit_modal(shown, {"login": f"{who.name}@example.org"})

    async def new_card(self, action: Awaitable[object]) -> Any:
        """Do what makes a review card; returns the card when it is there."""
        before = len(self.cards())
        await action
        await until(lambda: len(self.cards()) > before, "the review card")
        return self.cards()[-1]

    async def approve(self, card: Any) -> None:
        """Alice presses Approve; returns when that is acknowledged."""
        await self.alice.click(card, label="Approve")

    async def approve_to_the_end(self, card: Any) -> float:
        """The same; returns when the card says that Plex has invited, with the share's instant."""
        shares = len(self._plex.world.shares)
        await self.approve(card)
        shared = await until(lambda: len(self._plex.world.shares) > shares, "the share on Plex")
        await until(lambda: self.says_sent(card), "the card's last news")
        return shared

    def says_sent(self, card: Any) -> bool:
        """Whether this card says by now that Plex has invited."""
        present = [one for one in self.cards() if one.id == card.id]
        return "not accepted yet" in words(present[-1])

    async def longest_stall(self) -> float:
        """Seconds for which the bot's event loop stood still at most since the last time."""
        return seconds_in(await self.run(self.alice, "stall"))

    @property
    def alice(self) -> simcord.MemberActor:
        """The admin."""
        return self._discord.alice

    def cards(self) -> list[Any]:
        """The messages in the request channel, oldest first."""
        return list(self._discord.world.access_requests.history())


def words(message: Any) -> str:
    """All that a message says."""
    raw = [item if isinstance(item, dict) else item.to_dict() for item in message.components]
    return str(raw)
