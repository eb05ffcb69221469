"""The stage of the acceptance tests: the real bot in a Discord in process, a real Plex beside."""

import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import procrastinate
import simcord
import unseen
from discord_openapi import validate
from discord_rules import walk

from bot import compose
from bot.client import HelprBot
from bot.clock import ShiftedClock
from bot.domain.errors import HelprError
from bot.domain.invites import Invite
from bot.jobs.queue import WORK
from bot.log import redact
from bot.settings import Settings
from db.engine import libpq_url
from sandbox.discord.world import World, demo_world
from sandbox.plex import PlexSandbox

EPHEMERAL = 64
# Everything that a person's act could change. Left out: when something is looked at next.
# A server that somebody has pressed a button in becomes known; only that of the stage counts.
LINKED = "guild JOIN (SELECT DISTINCT guild_id FROM plex_link) AS linked ON guild_id = id"
# That somebody has tried what cannot be is written down.
TOLD = (
    "(SELECT * FROM audit_event JOIN (SELECT DISTINCT guild_id FROM plex_link) AS linked"
    " USING (guild_id) WHERE action <> 'interaction.forged') AS told"
)
LEDGER = {
    "invite": "id, version, state, login_blind, note_sealed, decided_by, share_id, locale",
    LINKED: "id, request_channel_id, reviewer_role_ids, admin_role_ids, locale, timezone,"
    " nudge_days, withdraw_days, breaker_percent",
    "plex_link": "id, state, problem_key",
    "tier_library": "tier_id, library_id",
    "code": "id, uses, revoked_at, discord_code",
    "panel": "id, kind, channel_id, removed_at",
    TOLD: "id, action",
}


class Diary(logging.Handler):
    """Every line of the log, as it is written in production."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take down a line."""
        self.lines.append(self.format(record))

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines, taken apart."""
        return [json.loads(line) for line in self.lines]

    def of_level(self, *levels: str) -> list[dict[str, Any]]:
        """The lines of these levels."""
        return [event for event in self.events if event["level"] in levels]


@asynccontextmanager
async def kept_diary() -> AsyncIterator[Diary]:
    """Write down the log, in the words of the production log's own formatter."""
    root = logging.getLogger()
    diary = Diary()
    # The tests' first handler is the one that `bot.log.setup` has made.
    ours = next(handler for handler in root.handlers if type(handler) is logging.StreamHandler)
    diary.setFormatter(ours.formatter)
    root.addHandler(diary)
    try:
        yield diary
    finally:
        root.removeHandler(diary)


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
    diary: Diary
    open_house: Callable[[], Any]
    process: AsyncExitStack
    # Discord's name of the language that somebody has chosen; American English if none.
    languages: dict[int, str] = field(default_factory=dict)
    forgiven: int = 0

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

    # -- what people do --------------------------------------------------------------------------

    def channel_of(self, who: simcord.MemberActor) -> simcord.ChannelHandle:
        """Where somebody speaks to the bot: staff in #access-requests, members in #get-access."""
        staff = who in (self.alice, self.rita)
        return self.world.access_requests if staff else self.world.get_access

    async def slash(self, who: simcord.MemberActor, name: str, /, **options: Any) -> Any:
        """Run a slash command that Discord offers to this person."""
        result = await who.slash(self.channel_of(who), name, **options)
        assert result.acknowledged
        return result

    async def slash_hidden(self, who: simcord.MemberActor, name: str, /, **options: Any) -> Any:
        """Run a slash command that Discord may hide from this person."""
        result = await unseen.command(self.env, who, self.channel_of(who), name, **options)
        assert result.acknowledged
        return result

    async def ask(
        self, who: simcord.MemberActor, login: str = "bob@example.org", note: str = ""
    ) -> Any:
        """`/invite`, the form filled and sent: the private answer."""
        shown = await self.slash(who, "invite")
        if shown.modal is None and "Use e-mail or username" in labels(shown.response):
            shown = await who.click(shown.response, label="Use e-mail or username")
        assert shown.modal is not None, words(shown.response)
        typed = {"login": login, "note": note} if note else {"login": login}
        return await who.submit_modal(shown, typed)

    async def ask_with(self, who: simcord.MemberActor, login: str, note: str = "") -> Any:
        """Send the form with whatever text, also with what its fields do not take."""
        typed = {"login": login, "note": note}
        return await unseen.submit(self.env, who, self.channel_of(who), "helpr:request", typed)

    async def requested(self, who: simcord.MemberActor, login: str = "bob@example.org") -> Any:
        """Somebody has asked and the card stands: the private answer."""
        answer = await self.ask(who, login)
        await self.run_jobs()
        return answer

    async def sent(self, who: simcord.MemberActor, login: str = "bob@example.org") -> Any:
        """Somebody has asked, Alice has approved, Plex holds the share: the private answer."""
        answer = await self.requested(who, login)
        await self.alice.click(self.card(), label="Approve")
        await self.run_jobs()
        assert await self.state_of(who) == "sent"
        return answer

    async def active(self, who: simcord.MemberActor, login: str = "bob@example.org") -> Any:
        """Somebody has been invited and has accepted on Plex: the private answer."""
        answer = await self.sent(who, login)
        self.plex.world.accept(self.shares()[-1].share_id)
        await self.pass_time(seconds=61)
        assert await self.state_of(who) == "active"
        return answer

    async def join(self, name: str) -> simcord.MemberActor:
        """Somebody new joins the server."""
        return self.world.guild.add_member(self.env.create_user(name))

    # -- what happens meanwhile ------------------------------------------------------------------

    async def run_jobs(self) -> None:
        """Run everything that is ready and owed, and what follows from it."""
        for _ in range(4):
            owed = await self.house.services.sweep.sweep()
            await self.queue.run_worker_async(
                queues=[WORK],
                wait=False,
                concurrency=1,
                listen_notify=False,
                install_signal_handlers=False,
                delete_jobs="successful",
            )
            if not owed:
                break
        await self.env.settle(idle=0.002)

    async def pass_time(self, **by: float) -> None:
        """Time passes, for Discord too, and what is owed by then is done."""
        before = self.clock.now()
        self.clock.advance(**by)
        await self.env.advance_time((self.clock.now() - before).total_seconds())
        await self.run_jobs()

    async def restart(self) -> None:
        """The bot's process ends, and another one starts on the same database."""
        process = AsyncExitStack()
        house = await process.enter_async_context(self.open_house())
        bot = compose.make_bot(house.services)
        await self.env.restart_bot(bot)
        await self.bot.close()
        await self.process.aclose()
        queue = await process.enter_async_context(opened_queue(house, bot))
        self.house, self.bot, self.queue, self.process = house, bot, queue, process
        await house.services.links.adopt_home()
        await self.run_jobs()

    # -- what can be seen ------------------------------------------------------------------------

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

    def dms(self, who: simcord.MemberActor) -> list[Any]:
        """The direct messages that somebody has got, oldest first."""
        return list(who.user.dm_channel.history(viewer=who.user))

    def public(self) -> list[Any]:
        """Every message that more than one person sees."""
        return [*self.cards(), *self.world.get_access.history()]

    def shares(self) -> list[Any]:
        """What Plex holds."""
        return list(self.plex.world.shares)

    def plex_changes(self) -> list[str]:
        """What Plex was asked to change, as `METHOD path`; a PIN by itself changes nothing."""
        lines = [r.line for r in self.plex.world.requests if r.method != "GET"]
        return [line for line in lines if line != "POST /api/v2/pins"]

    async def run_sql(self, statement: str, *arguments: Any) -> list[Any]:
        """Ask the database itself."""
        connection = await asyncpg.connect(libpq_url(self.house.database_url))
        try:
            return [tuple(row) for row in await connection.fetch(statement, *arguments)]
        finally:
            await connection.close()

    async def everything(self) -> dict[str, Any]:
        """The ledger, what Plex holds, and what everybody sees."""
        held = {"plex": [(share.share_id, *share.section_ids) for share in self.shares()]}
        held["changes"] = self.plex_changes()
        held["public"] = [words(message) for message in self.public()]
        for table, columns in LEDGER.items():
            held[table] = await self.run_sql(f"SELECT {columns} FROM {table} ORDER BY 1, 2")  # noqa: S608 - names of our own
        return held

    @asynccontextmanager
    async def nothing_changes(self) -> AsyncIterator[None]:
        """What happens inside changes neither the ledger nor Plex nor what everybody sees."""
        await self.run_jobs()
        before = await self.everything()
        yield
        await self.run_jobs()
        assert await self.everything() == before

    # -- what always holds -----------------------------------------------------------------------

    def complaints(self) -> list[str]:
        """What Discord, or a member, would complain about; nothing, after every test."""
        found = [
            f"{request.method} {request.path}: {line}"
            for request in self.env.http_requests
            for line in validate(request.method, request.path, request.json)
        ]
        for path, answer in unseen.private_answers(self.env):
            if not (answer.get("flags") or 0) & EPHEMERAL:
                found.append(f"an answer that everybody sees: {path}")
        shown = [words(message).replace("\\", "") for message in self.public()]
        # What the log redacts no channel may show.
        found += [f"not for everybody: {text}" for text in shown if redact(text) != text]
        return found

    def surprises(self) -> list[str]:
        """What went wrong in the bot without being told in words of its own."""
        raised = [getattr(error, "original", error) for error in self.env.errors[self.forgiven :]]
        found = [repr(error) for error in raised if not isinstance(error, HelprError)]
        return [*found, *map(str, self.diary.of_level("error", "critical"))]

    def forgive(self) -> None:
        """What went wrong so far was meant to, and has been looked at."""
        self.diary.lines.clear()
        self.forgiven = len(self.env.errors)


def texts_of(message: Any) -> Iterator[str]:
    """Every text, label and option of a message, top to bottom."""
    for component in walk([_raw(component) for component in message.components]):
        for name in ("content", "label", "placeholder"):
            if component.get(name):
                yield str(component[name])
        for option in component.get("options") or []:
            yield str(option["label"])


def _raw(component: Any) -> Any:
    return component if isinstance(component, dict) else component.to_dict()


def words(message: Any) -> str:
    """All that a person reads in a message; that a mention stands apart is not seen."""
    text = "\n".join(texts_of(message)) if message is not None else ""
    return re.sub("\u2068(<@\\d+>)\u2069", r"\1", text)


def said(result: Any) -> str:
    """All that a person reads as the answer to what they did; it is seen by nobody else."""
    assert result.acknowledged
    told = [result.response, *result.followups]
    assert all(message.ephemeral for message in result.followups)
    return "\n".join(words(message) for message in told if message is not None)


def refusal(result: Any) -> str:
    """The one private sentence that refuses what somebody did."""
    if result.followups:
        [message] = result.followups
    else:
        message = result.response
    assert message is not None
    assert message.ephemeral
    assert labels(message) == []
    return words(message)


def parts(message: Any, kind: int) -> list[dict[str, Any]]:
    """The components of one kind in a message, as Discord carries them."""
    raw = [_raw(component) for component in message.components]
    return [dict(component) for component in walk(raw) if component.get("type") == kind]


def labels(message: Any) -> list[str]:
    """The labels of the buttons in a message."""
    return [str(button["label"]) for button in parts(message, 2)]


def button(message: Any, label: str, number: int = 0) -> dict[str, Any]:
    """The button with this label (the first of them, unless told), as Discord carries it."""
    return [one for one in parts(message, 2) if one["label"] == label][number]


def options(message: Any) -> dict[str, str]:
    """The options of the menu in a message: label -> value."""
    [menu] = parts(message, 3)
    return {option["label"]: option["value"] for option in menu["options"]}


def chosen(message: Any) -> list[str]:
    """The labels that are chosen in the menu of a message."""
    [menu] = parts(message, 3)
    return [option["label"] for option in menu["options"] if option.get("default")]


@asynccontextmanager
async def opened_queue(house: compose.House, bot: HelprBot) -> AsyncIterator[procrastinate.App]:
    """The queue of a house, ready to run jobs."""
    connector = procrastinate.PsycopgConnector(
        conninfo=libpq_url(house.database_url), min_size=1, max_size=3
    )
    queue = compose.make_queue(house, bot, connector)
    async with queue.open_async():
        yield queue


@asynccontextmanager
async def set_the_stage(
    settings: Callable[..., Settings], plex: PlexSandbox, clock: ShiftedClock, **sections: Any
) -> AsyncIterator[Stage]:
    """Everything started: the guild is connected to Plex, nobody has asked yet."""
    async with AsyncExitStack() as stack:
        diary = await stack.enter_async_context(kept_diary())
        # The guild's id is part of the settings, so the world comes first, with a bot of its own.
        house = await stack.enter_async_context(compose.house(settings(**sections), clock))
        bot = compose.make_bot(house.services)
        env = simcord.Env(bot, check_errors=False, shard_count=1)
        languages: dict[int, str] = {}
        unseen.speak(env, languages)
        await env.start()
        stack.push_async_callback(env.shutdown)
        world = await demo_world(env)

        def open_house() -> Any:
            return _house_of(settings, clock, world, sections)

        process = AsyncExitStack()
        home = await process.enter_async_context(open_house())
        bot.services = home.services
        bot.door._services = home.services  # type: ignore[attr-defined]
        queue = await process.enter_async_context(opened_queue(home, bot))
        stage = Stage(
            env, world, bot, home, plex, clock, queue, diary, open_house, process, languages
        )
        stack.push_async_callback(_end, stage)
        await home.services.links.adopt_home()
        # Most people here type; `test_signing_in` has the others.
        await stage.run_sql("UPDATE guild SET sign_in = false")
        await stage.run_jobs()
        plex.world.requests.clear()
        yield stage
        await env.settle(idle=0.002)


async def _end(stage: Stage) -> None:
    await stage.bot.close()
    await stage.process.aclose()


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
