"""What must hold between the ledger, Plex and Discord once nothing is owed any more.

`gather` reads the three as they are: the ledger by SQL, Plex through its sandbox's state, Discord
through its sandbox's messages. `violations` compares, and is pure. Any test may use them: one that
kills processes, one that plays a crowd, one that draws random stories on the services alone (then
without Discord).
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simcord.components import walk_components
from sqlalchemy import and_, or_, select, text

from bot.domain.invites import MOVES, OPEN, Invite, InviteState
from bot.i18n import texts
from bot.ui.states import state_name
from db.answers import ANSWER
from db.audit import AUDIT
from db.invites import INVITE
from db.ledger import Ledger
from db.sign_ins import SIGN_IN
from sandbox.discord import DiscordSandbox
from sandbox.discord.hooks import message_payload, seen_only_by
from sandbox.plex import PlexWorld
from sandbox.plex.state import state as plex_state

S = InviteState
# What an invite owes, whatever it is called; the look whether its member is still there comes
# round for ever, and is owed by nobody.
DUE = [
    column.name
    for column in INVITE.columns
    if column.name.endswith("_due_at") and column.name != "presence_due_at"
]

# What Plex holds for an invite in a state: a share that is accepted (True) or pending (False), or
# none. Left out are states in which the ledger itself is still at work.
ON_PLEX: dict[InviteState, bool | None] = {
    S.REQUESTED: None,
    S.WAITLISTED: None,
    S.DENIED: None,
    S.WITHDRAWN: None,
    S.FAILED: None,
    S.ENDED: None,
    S.SUSPENDED: None,
    S.SENT: False,
    S.ACTIVE: True,
}
# States that come to an end by themselves.
UNDER_WAY = {S.APPROVED, S.SENDING}

_AT_WORK = (
    select(INVITE.c.id)
    .where(
        or_(
            INVITE.c.state.in_(UNDER_WAY),
            *(INVITE.c[name].is_not(None) for name in DUE if name != "tell_due_at"),
            and_(INVITE.c.tell_due_at.is_not(None), INVITE.c.state.not_in(OPEN)),
        )
    )
    .limit(1)
)

# A sign-in that waits for its person owes nothing; any other one still has something to do.
_SIGNING_OUT = (
    select(SIGN_IN.c.id)
    .where(SIGN_IN.c.poll_due_at.is_not(None), SIGN_IN.c.state != "waiting")
    .limit(1)
)

# Words that a card has in one state and in no other.
ON_THE_CARD: dict[InviteState, str] = {
    S.REQUESTED: "Asked <t:",
    S.WAITLISTED: "Asked <t:",
    S.APPROVED: "Sending to Plex",
    S.SENDING: "Sending to Plex",
    S.SENT: "not accepted yet",
    S.ACTIVE: "Active since",
    S.DENIED: "Denied by",
    S.WITHDRAWN: "Withdrawn by the member",
    S.FAILED: "but Plex refused",
    S.SUSPENDED: "Suspended. The libraries are kept",
    S.ENDED: "Ended: ",
}
# The same for what the member reads.
FOR_THE_MEMBER: dict[InviteState, str] = {
    S.REQUESTED: "Your request is with the admins",
    S.WAITLISTED: "Your request is with the admins",
    S.APPROVED: "Your invite is on its way",
    S.SENDING: "Your invite is on its way",
    S.SENT: "Now accept on Plex",
    S.ACTIVE: "You're in",
    S.DENIED: "Not this time",
    S.WITHDRAWN: "Request withdrawn",
    S.FAILED: "Plex refused the invite",
    S.SUSPENDED: "Your access is paused",
}
# Moves that a person makes; every other one is Helpr's own and names nobody.
BY_A_PERSON = {S.APPROVED, S.DENIED}
BY_THE_MEMBER = {S.WITHDRAWN}
# What stands there instead where nobody had to decide.
BY_A_RULE = "their code|the rules of this server"
# Cards that name who decided.
SAYS_WHO = {S.APPROVED, S.SENDING, S.SENT, S.ACTIVE, S.DENIED, S.FAILED}
# What a person may wish again and again without anything in between.
REPEATED = {"access.extend", "access.move"}
# Whose news is worth a message of its own when the private answer is gone.
MUST_BE_TOLD = {S.SENT, S.ACTIVE, S.DENIED, S.FAILED, S.ENDED, S.SUSPENDED}


@dataclass(frozen=True)
class AuditLine:
    """One line of the audit log."""

    invite_id: int | None
    action: str
    from_state: str | None
    to_state: str | None
    actor_id: int | None


@dataclass(frozen=True)
class Note:
    """A message of the bot's: what it says, and the custom ids of its buttons."""

    id: int
    words: str
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """What stands in Discord: in each request channel, and before each member's eyes."""

    cards: Mapping[int, tuple[Note, ...]]
    answers: Mapping[int, tuple[Note, ...]]
    direct: Mapping[int, tuple[Note, ...]]


@dataclass(frozen=True)
class Evidence:
    """Ledger, Plex and, where there is one, Discord, as they stand."""

    invites: tuple[Invite, ...]
    due: Mapping[int, Mapping[str, datetime]]
    audit: tuple[AuditLine, ...]
    channels: Mapping[int, int | None]
    shares: tuple[Mapping[str, Any], ...]
    open_answers: frozenset[int] = field(default_factory=frozenset)
    said: Said | None = None
    foreign: frozenset[int] = field(default_factory=frozenset)


async def gather(
    ledger: Ledger,
    plex: PlexWorld,
    discord: DiscordSandbox | None = None,
    *,
    foreign: Collection[int] = (),
    now: datetime | None = None,
) -> Evidence:
    """Read everything. `foreign` are the ids of shares that Helpr has nothing to do with.

    `now` is the house's clock, where that is not the real one.
    """
    now = now or datetime.now(UTC)
    async with ledger.begin() as work:
        rows = list(await work._session.execute(select(INVITE).order_by(INVITE.c.id)))
        lines = list(await work._session.execute(select(AUDIT).order_by(AUDIT.c.id)))
        guilds = await work._session.execute(text("SELECT id, request_channel_id FROM guild"))
        tokens = select(ANSWER.c.invite_id).where(ANSWER.c.expires_at > now)
        answers = frozenset((await work._session.execute(tokens)).scalars())
        channels: dict[int, int | None] = {row.id: row.request_channel_id for row in guilds}
        invites = tuple(work.invites._open(row) for row in rows)
    return Evidence(
        invites,
        {row.id: {name: at for name in DUE if (at := getattr(row, name))} for row in rows},
        tuple(
            AuditLine(row.invite_id, row.action, row.from_state, row.to_state, row.actor_id)
            for row in lines
        ),
        channels,
        tuple(share for share in plex_state(plex)["shares"] if not share["orphan"]),
        answers,
        None if discord is None else _said(discord, set(channels.values())),
        frozenset(foreign),
    )


async def at_rest(ledger: Ledger) -> bool:
    """The same question as `unsettled`, cheap enough to be asked again and again."""
    async with ledger.begin() as work:
        for asked in (_AT_WORK, _SIGNING_OUT):
            if (await work._session.execute(asked)).first() is not None:
                return False
        return True


def _said(discord: DiscordSandbox, request_channels: set[int | None]) -> Said:
    backend = discord.backend
    cards: dict[int, tuple[Note, ...]] = {}
    answers: dict[int, list[Note]] = {}
    for channel_id, messages in backend.messages.items():
        for message in messages.values():
            if (viewer := seen_only_by(message)) is not None:
                answers.setdefault(viewer, []).append(_note(message_payload(backend, message)))
        if channel_id in request_channels:
            public = [message for message in messages.values() if seen_only_by(message) is None]
            cards[channel_id] = tuple(_note(message_payload(backend, one)) for one in public)
    direct = {
        user_id: tuple(
            _note(message_payload(backend, one))
            for one in backend.messages.get(channel_id, {}).values()
        )
        for user_id, channel_id in backend.dm_channels.items()
    }
    return Said(cards, {user: tuple(notes) for user, notes in answers.items()}, direct)


def _note(payload: Mapping[str, Any]) -> Note:
    parts = list(walk_components(payload.get("components") or []))
    said = [str(part["content"]) for part in parts if part.get("content")]
    buttons = tuple(str(part["custom_id"]) for part in parts if part.get("custom_id"))
    return Note(int(payload["id"]), "\n".join(said), buttons)


def unsettled(evidence: Evidence) -> list[str]:
    """What is still owed, or under way; empty when the house has come to rest."""
    found = []
    for invite in evidence.invites:
        owed = dict(evidence.due[invite.id])
        if invite.state in OPEN:
            # The first answer is given by the interaction itself, and healed a while later.
            owed.pop("tell_due_at", None)
        found += [f"invite {invite.id} ({invite.state}): {name} {at}" for name, at in owed.items()]
        if invite.state in UNDER_WAY:
            found.append(f"invite {invite.id} is still {invite.state}")
    return found


def violations(evidence: Evidence) -> list[str]:
    """Everything that is lost, doubled, or told wrongly; empty when all is well."""
    return [
        *unsettled(evidence),
        *_on_plex(evidence),
        *_in_the_audit(evidence),
        *(_on_cards(evidence, evidence.said) if evidence.said is not None else ()),
        *(_before_members(evidence, evidence.said) if evidence.said is not None else ()),
    ]


def _on_plex(evidence: Evidence) -> Iterable[str]:
    """One share for each who has access or a way to it, and none for anybody else."""
    people = Counter(
        (share["machine_identifier"], share["email"].casefold()) for share in evidence.shares
    )
    for (_, email), times in people.items():
        if times > 1:
            yield f"DOUBLED: Plex holds {times} shares for {email}"
    by_id = {share["share_id"]: share for share in evidence.shares}
    holders = [one for one in evidence.invites if ON_PLEX.get(one.state) is not None]
    for invite in holders:
        share = by_id.get(invite.share_id or 0)
        if share is None:
            yield f"LOST: invite {invite.id} is {invite.state}, and Plex has no share of it"
        else:
            yield from _is_its_own(invite, share)
    claimed = Counter(invite.share_id for invite in holders)
    for share_id, times in claimed.items():
        if times > 1:
            yield f"DOUBLED: share {share_id} is claimed by {times} invites"
    for share_id in set(by_id) - set(claimed) - evidence.foreign - _adopted(evidence):
        yield f"ORPHAN: Plex holds share {share_id}, of which the ledger knows nothing"


def _is_its_own(invite: Invite, share: Mapping[str, Any]) -> Iterable[str]:
    names = {str(share[name]).casefold() for name in ("username", "email", "invited_email")}
    if invite.login.value.casefold() not in names:
        yield f"invite {invite.id} has somebody else's share {share['share_id']}"
    if share["accepted"] is not ON_PLEX[invite.state]:
        yield f"invite {invite.id} is {invite.state}; Plex says accepted={share['accepted']}"
    if not share["section_ids"] or (share["all_libraries"] and not invite.share_adopted):
        yield f"share {share['share_id']} opens all libraries, or none"


def _adopted(evidence: Evidence) -> set[int]:
    """What stood on Plex before Helpr came stays there when the invite is over."""
    return {invite.share_id or 0 for invite in evidence.invites if invite.share_adopted}


def _in_the_audit(evidence: Evidence) -> Iterable[str]:
    """Each move has its line, once: the lines of an invite are a chain from nothing to its state.

    A lost line breaks the chain, and so does a doubled one.
    """
    for invite in evidence.invites:
        lines = [line for line in evidence.audit if line.invite_id == invite.id]
        yield from _chain(invite, [line for line in lines if line.to_state is not None])
        for action, times in Counter(line.action for line in lines if not line.to_state).items():
            if times > 1:
                yield f"invite {invite.id}: {times} lines say {action}"


def _chain(invite: Invite, moves: list[AuditLine]) -> Iterable[str]:
    stands: str | None = None
    wish = ""
    for line in moves:
        to = InviteState(line.to_state or "")
        if line.from_state != stands:
            yield f"invite {invite.id}: {line.action} comes from {line.from_state}, not {stands}"
        elif stands == to:
            # A wish: what is to be done on Plex is stored, the state moves when it is done.
            if line.action == wish and wish not in REPEATED:
                yield f"DOUBLED: invite {invite.id}: two lines in a row say {wish}"
            wish = line.action
            continue
        elif stands is not None and to not in MOVES[InviteState(stands)]:
            yield f"invite {invite.id}: no move leads from {stands} to {to}"
        if to in BY_A_PERSON and line.actor_id != invite.decided_by:
            yield f"invite {invite.id}: {line.action} names {line.actor_id}"
        by_the_member = to in BY_THE_MEMBER or stands is None
        if by_the_member and invite.is_forgotten and (line.actor_id or 0) > 0:
            yield f"LEAK: forgotten invite {invite.id}: {line.action} names {line.actor_id}"
        elif by_the_member and not invite.is_forgotten and line.actor_id != invite.member_id:
            yield f"invite {invite.id}: {line.action} names {line.actor_id}"
        stands, wish = line.to_state, ""
    if stands != invite.state:
        yield f"invite {invite.id} is {invite.state}, the audit log ends at {stands}"


def _on_cards(evidence: Evidence, said: Said) -> Iterable[str]:
    """One card for each invite, and it shows the ledger's state."""
    notes = {note.id: note for channel in said.cards.values() for note in channel}
    for invite in evidence.invites:
        if evidence.channels.get(invite.guild_id) is None:
            continue
        note = notes.pop(invite.card_message_id or 0, None)
        if note is None:
            yield f"invite {invite.id} ({invite.state}) has no card"
            continue
        if invite.is_forgotten:
            if note.buttons or "@" in note.words:
                yield f"LEAK: the card of the forgotten invite {invite.id} says {note.words!r}"
            continue
        yield from _lies(f"the card of invite {invite.id}", invite.state, note, ON_THE_CARD)
        if f"<@{invite.member_id}>" not in note.words:
            yield f"the card of invite {invite.id} does not name its member"
        who = f"<@{invite.decided_by}>" if invite.decided_by else BY_A_RULE
        if invite.state in SAYS_WHO and not re.search(who, note.words):
            yield f"the card of invite {invite.id} does not say who decided"
        # The way to the whole address stands there in every state.
        decide = [one for one in note.buttons if one != f"helpr:address:{invite.id}"]
        stale = [one for one in decide if f":{invite.id}:{invite.version}:" not in one]
        if bool(decide) is not invite.is_open or stale:
            yield f"the card of invite {invite.id} ({invite.state}) has {note.buttons}"
    for note in notes.values():
        yield f"DOUBLED: a card of nobody's stands in the request channel: {note.words!r}"


def _before_members(evidence: Evidence, said: Said) -> Iterable[str]:
    """Nobody reads of a state that is over, and each who should know is told, once."""
    known = [invite for invite in evidence.invites if not invite.is_forgotten]
    latest = {(invite.guild_id, invite.member_id): invite for invite in known}
    invites_of = Counter(invite.member_id for invite in evidence.invites)
    for invite in latest.values():
        seen = said.answers.get(invite.member_id, ())
        direct = said.direct.get(invite.member_id, ())
        panels = [note for note in (*seen, *direct) if _is_panel(note)]
        if len(direct) > invites_of[invite.member_id]:
            yield f"DOUBLED: the member of invite {invite.id} has {len(direct)} direct messages"
        if invites_of[invite.member_id] > 1:
            # Panels of earlier invites tell of those.
            panels = panels[-1:]
        for note in panels:
            if note in seen and direct and invite.id not in evidence.open_answers:
                # Discord no longer lets it be edited; the direct message has taken over.
                continue
            who = f"what the member of invite {invite.id} reads"
            yield from _lies(who, invite.state, note, FOR_THE_MEMBER)
        if invite.state in MUST_BE_TOLD and not panels and not invite.dm_closed:
            yield f"the member of invite {invite.id} was not told that it is {invite.state}"


def _is_panel(note: Note) -> bool:
    return "Plex account:" in note.words


def _lies(
    who: str, state: InviteState, note: Note, phrases: Mapping[InviteState, str]
) -> list[str]:
    right = phrases.get(state) or state_name(state, texts("en"))
    wrong = [phrase for phrase in set(phrases.values()) if phrase in note.words and phrase != right]
    if right in note.words and not wrong:
        return []
    return [f"A LIE: {who} should say {right!r} ({state}): {note.words!r}"]
