"""The stage of the acceptance tests: the real bot in a Discord in process, a real Plex beside."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import procrastinate
import simcord
from simcord.components import walk_components

from bot import compose
from bot.client import HelprBot
from bot.clock import ShiftedClock
from bot.domain.invites import Invite
from bot.jobs.queue import WORK
from bot.settings import Settings
from db.engine import libpq_url
from sandbox.discord.world import World, demo_world
from sandbox.plex import PlexSandbox


@dataclass
class Stage:
    """Discord's people, Plex, the ledger, and the jobs, run when a test says so."""

    env: simcord.Env
    world: World
    bot: HelprBot
    house: compose.House
    plex: PlexSandbox
    clock: ShiftedClock
    queue: procrastinate.App

    @property
    def alice(self) -> simcord.MemberActor:
        """An admin."""
        return self.world.alice

    @property
    def bob(self) -> simcord.MemberActor:
        """A member."""
        return self.world.bob

    @property
    def carol(self) -> simcord.MemberActor:
        """Another member."""
        return self.world.carol

    @property
    def rita(self) -> simcord.MemberActor:
        """A reviewer."""
        return self.world.rita

    async def run_jobs(self) -> None:
        """Sweep, then run everything that is ready, and what follows from it."""
        for _ in range(3):
            await self.house.services.sweep.sweep()
            await self.queue.run_worker_async(
                queues=[WORK],
                wait=False,
                concurrency=1,
                listen_notify=False,
                install_signal_handlers=False,
                delete_jobs="successful",
            )
        await self.env.settle()

    async def slash(self, who: simcord.MemberActor, name: str, **options: Any) -> Any:
        """Run a slash command in #get-access (staff: in #access-requests)."""
        staff = who in (self.alice, self.rita)
        channel = self.world.access_requests if staff else self.world.get_access
        result = await who.slash(channel, name, **options)
        assert result.acknowledged
        return result

    async def ask(
        self, who: simcord.MemberActor, login: str = "bob@example.org", note: str = ""
    ) -> Any:
        """`/invite`, the form filled and sent: the private answer."""
        shown = await self.slash(who, "invite")
        assert shown.modal is not None, words(shown.response)
        typed = {"login": login, "note": note} if note else {"login": login}
        return await who.submit_modal(shown, typed)

    async def invite_of(self, who: simcord.MemberActor) -> Invite | None:
        """The ledger's latest invite of somebody."""
        async with self.house.ledger.begin() as work:
            return await work.invites.latest_of(self.world.guild.id, who.id)

    async def state_of(self, who: simcord.MemberActor) -> str | None:
        """The state of the latest invite of somebody."""
        invite = await self.invite_of(who)
        return invite.state if invite else None

    def cards(self) -> list[Any]:
        """The messages in the request channel, oldest first."""
        return list(self.world.access_requests.history())

    def card(self) -> Any:
        """The newest card."""
        return self.cards()[-1]

    def shares(self) -> list[Any]:
        """What Plex holds."""
        return list(self.plex.world.shares)


def texts_of(message: Any) -> Iterator[str]:
    """Every text, label and option of a message, top to bottom."""
    raw = message.components if isinstance(message.components, list) else []
    for component in walk_components([_raw(component) for component in raw]):
        for name in ("content", "label", "placeholder"):
            if component.get(name):
                yield str(component[name])


def _raw(component: Any) -> Any:
    return component if isinstance(component, dict) else component.to_dict()


def words(message: Any) -> str:
    """All that a person reads in a message."""
    return "\n".join(texts_of(message)) if message is not None else ""


def labels(message: Any) -> list[str]:
    """The labels of the buttons in a message."""
    raw = [_raw(component) for component in message.components]
    return [
        str(component["label"])
        for component in walk_components(raw)
        if component.get("type") == 2 and component.get("label")
    ]


@asynccontextmanager
async def set_the_stage(
    settings: Callable[..., Settings], plex: PlexSandbox, clock: ShiftedClock, **sections: Any
) -> AsyncIterator[Stage]:
    """Everything started: the guild is connected to Plex, nobody has asked yet."""
    # The guild's id is part of the settings, so the world comes first, with a bot of its own.
    async with compose.house(settings(**sections), clock) as house:
        bot = compose.make_bot(house.services)
        env = simcord.Env(bot, check_errors=False, shard_count=1)
        await env.start()
        try:
            world = await demo_world(env)
            async with _house_of(settings, clock, world, sections) as home:
                bot.services = home.services
                bot.door._services = home.services
                queue = compose.make_queue(
                    home,
                    bot,
                    procrastinate.PsycopgConnector(
                        conninfo=libpq_url(home.database_url), min_size=1, max_size=3
                    ),
                )
                async with queue.open_async():
                    stage = Stage(env, world, bot, home, plex, clock, queue)
                    await home.services.links.adopt_home()
                    await stage.run_jobs()
                    plex.world.requests.clear()
                    yield stage
                    await env.settle()
        finally:
            await env.shutdown()
            await bot.close()


@asynccontextmanager
async def _house_of(
    settings: Callable[..., Settings], clock: ShiftedClock, world: World, sections: dict[str, Any]
) -> AsyncIterator[compose.House]:
    home = {
        "guild_id": world.guild.id,
        "request_channel_id": world.access_requests.id,
        "reviewer_role_id": world.reviewers.id,
        **sections.get("home", {}),
    }
    async with compose.house(settings(**{**sections, "home": home}), clock) as house:
        yield house
