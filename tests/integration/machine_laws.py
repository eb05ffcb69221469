"""What must hold between ledger and Plex: after every step, and once all has come to rest."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from machine_stage import LOGINS, Stage, person_of, persons_of
from sqlalchemy import select, text

from bot.domain.invites import LIVE, MOVES, SHARED, EndReason, Invite, InviteState
from bot.domain.links import LinkState
from db.audit import AUDIT
from db.invites import INVITE
from db.links import LINK
from sandbox.plex.model import Share

S = InviteState
_OPEN_NOTICES = "SELECT guild_id, kind FROM notice WHERE cleared_at IS NULL"
_UNKNOWN = "SELECT share_id FROM drift WHERE kind = 'unknown'"
# Who has to have said what, before an invite may stand there.
SAID = {S.DENIED: {"deny"}, S.WITHDRAWN: {"withdraw"}, S.SUSPENDED: {"suspend"}}
SAID_TO_END = {EndReason.REVOKED: {"revoke"}, EndReason.LEFT: {"leave"}}
GHOST = person_of("ghost")


@dataclass(frozen=True)
class Picture:
    """Ledger and Plex at one instant."""

    now: datetime
    invites: tuple[Invite, ...]
    owed: dict[int, dict[str, Any]]
    audit: tuple[Any, ...]
    links: tuple[Any, ...]
    notices: frozenset[tuple[int, str]]
    drift: frozenset[int]
    shares: tuple[Share, ...]

    def holders(self, share_id: int) -> list[Invite]:
        """The invites that live from a share."""
        return [i for i in self.invites if i.state in SHARED and i.share_id == share_id]


async def picture_of(stage: Stage) -> Picture:
    """Read ledger and Plex."""
    names = ("share_due_at", "change_due_at", "work_leased_until")
    async with stage.ledger.begin() as work:
        session = work._session
        found = list(await session.execute(select(INVITE).order_by(INVITE.c.id)))
        audit = tuple(await session.execute(select(AUDIT).order_by(AUDIT.c.id)))
        links = tuple(await session.execute(select(LINK).order_by(LINK.c.id)))
        notices = list(await session.execute(text(_OPEN_NOTICES)))
        drift = list(await session.execute(text(_UNKNOWN)))
        invites = tuple(work.invites._open(row) for row in found)
    return Picture(
        stage.clock.now(),
        invites,
        {row.id: {name: getattr(row, name) for name in names} for row in found},
        audit,
        links,
        frozenset((row.guild_id, row.kind) for row in notices),
        frozenset(row.share_id for row in drift),
        tuple(share for share in stage.shares if not share.orphan),
    )


def always(stage: Stage, picture: Picture) -> list[str]:
    """What must hold at every instant; the broken laws."""
    return [
        *_one_for_each(picture),
        *_audit(picture),
        *_nobody_moves_by_itself(stage, picture),
        *_requests(stage),
    ]


def _one_for_each(picture: Picture) -> Iterable[str]:
    """One live invite for a member, and for an account; one share for a person."""
    live = [invite for invite in picture.invites if invite.state in LIVE]
    members = Counter((invite.guild_id, invite.member_id) for invite in live)
    accounts = Counter((i.link_id, i.account_id) for i in live if i.account_id is not None)
    people = Counter(map(persons_of, picture.shares))
    for one, times in [*members.items(), *accounts.items(), *people.items()]:
        if times > 1:
            yield f"DOUBLED: {one} {times} times"


def _audit(picture: Picture) -> Iterable[str]:
    """Consecutive lines are a chain of allowed moves that ends where the invite stands."""
    stands: dict[int, str | None] = {}
    secrets = [*(login.casefold() for pair in LOGINS for login in pair if "@" in login), "token"]
    for line in picture.audit:
        said = f"{line.why} {json.dumps(line.details)}".casefold()
        if any(secret in said for secret in secrets):
            yield f"the audit line {line.action} tells a secret: {said}"
        if line.to_state is None or line.invite_id is None:
            continue
        was = stands.get(line.invite_id)
        if line.from_state != was:
            yield f"invite {line.invite_id}: {line.action} from {line.from_state}, not {was}"
        elif was not in {None, line.to_state} and S(line.to_state) not in MOVES[S(was or "")]:
            yield f"invite {line.invite_id}: no move leads from {was} to {line.to_state}"
        stands[line.invite_id] = line.to_state
    for invite in picture.invites:
        if stands.get(invite.id) != invite.state:
            yield f"invite {invite.id} is {invite.state}, its audit ends at {stands[invite.id]}"


def _nobody_moves_by_itself(stage: Stage, picture: Picture) -> Iterable[str]:
    """An invite ends, fails, or is suspended only for the reason that it names."""
    memory = stage.memory
    for invite in picture.invites:
        person = person_of(invite.login.value)
        said = {name for name, id_ in memory.words if id_ == invite.id}
        needed = SAID.get(invite.state) or SAID_TO_END.get(invite.end_reason or "", set())  # type: ignore[call-overload]
        if needed and not needed & said:
            yield f"invite {invite.id} is {invite.state} {invite.end_reason}, nobody said so"
        reasons = {invite.end_reason, invite.change_reason}
        if EndReason.EXPIRED in reasons and not (
            invite.expires_at and invite.expires_at <= picture.now
        ):
            yield f"invite {invite.id} ends before its time {invite.expires_at}"
        if EndReason.NEVER_ACCEPTED in reasons and not (
            invite.sent_at and invite.sent_at + timedelta(days=14) <= picture.now
        ):
            yield f"invite {invite.id} was not waited for"
        if (
            invite.end_reason in {EndReason.REMOVED_ON_PLEX, EndReason.DECLINED}
            and not memory.vanished[person]
            and person not in memory.late
            # One guild may take the share back in the moment in which the other one finds it.
            and not _is_in_two_guilds(picture, person)
        ):
            yield f"LOST: invite {invite.id} is {invite.end_reason}, nobody has done that"
        if invite.state is S.FAILED:
            yield from _failure(stage, picture, invite)


def _is_in_two_guilds(picture: Picture, person: int) -> bool:
    """Whether two guilds have given, or give, something to one account."""
    asked = (invite for invite in picture.invites if person_of(invite.login.value) == person)
    return len({invite.guild_id for invite in asked}) > 1


def _failure(stage: Stage, picture: Picture, invite: Invite) -> Iterable[str]:
    person, key = person_of(invite.login.value), invite.failure_key
    others = [
        other
        for other in picture.invites
        if other.link_id == invite.link_id and person_of(other.login.value) == person
    ]
    legitimate = {
        "plex.refused": person == GHOST,
        "invite.login_taken": len(others) > 1,
        "plex.already_shared": stage.memory.lists_lied,
    }
    if not legitimate.get(key or "", False):
        yield f"LOST: invite {invite.id} failed: {key} {invite.failure_reason}"


def _requests(stage: Stage) -> Iterable[str]:
    """Plex reads an empty list of libraries as all of them: none is ever sent."""
    for request in stage.world.requests:
        body = request.body if isinstance(request.body, dict) else {}
        wish = body.get("shared_server") or body
        if request.method in {"POST", "PUT"} and "shared_servers" in request.path:
            chosen = wish.get("library_section_ids") or wish.get("librarySectionIds")
            if not chosen:
                yield f"{request.line} names no libraries: {body}"
    stage.world.requests.clear()


def at_rest(stage: Stage, picture: Picture) -> list[str]:
    """What must hold once nothing is owed any more; the broken laws."""
    return [
        *always(stage, picture),
        *_settled(picture),
        *_notices(picture),
        *_held(stage, picture),
        *_unheld(stage, picture),
        *_made(stage, picture),
    ]


def _settled(picture: Picture) -> Iterable[str]:
    for invite in picture.invites:
        owed = {name: at for name, at in picture.owed[invite.id].items() if at is not None}
        if owed or invite.change is not None:
            yield f"invite {invite.id} ({invite.state}) still owes {invite.change} {owed}"
        if invite.state in {S.APPROVED, S.SENDING}:
            yield f"LOST: invite {invite.id} is still {invite.state} ({invite.failure_key})"
    for link in picture.links:
        if link.state != LinkState.CONNECTED or link.connect_due_at is not None:
            yield f"link {link.id} is {link.state}"
        if link.reconcile_due_at is None or link.reconcile_due_at <= picture.now:
            yield f"link {link.id} is compared at {link.reconcile_due_at}, now {picture.now}"


def _notices(picture: Picture) -> Iterable[str]:
    stuck = {invite.guild_id for invite in picture.invites if invite.stuck_at is not None}
    told = {guild for guild, kind in picture.notices if kind == "stuck"}
    if stuck != told:
        yield f"stuck in {stuck}, told in {told}"
    for guild, kind in picture.notices:
        if kind == "link_paused":
            yield f"guild {guild} still reads that its link is paused"


def _held(stage: Stage, picture: Picture) -> Iterable[str]:
    """Who is sent or active has exactly one share, accepted or not, with the right libraries."""
    by_id = {share.share_id: share for share in picture.shares}
    memory = stage.memory
    for invite in picture.invites:
        if invite.state not in SHARED:
            continue
        who = f"invite {invite.id} ({invite.state})"
        share = by_id.get(invite.share_id or 0)
        if share is None:
            if (invite.guild_id, "breaker") not in picture.notices or invite.state is S.SENT:
                yield f"LOST: {who} has no share {invite.share_id} on Plex"
            continue
        if persons_of(share) != person_of(invite.login.value):
            yield f"{who} has somebody else's share"
        if share.accepted is not (invite.state is S.ACTIVE):
            yield f"{who}: Plex says accepted={share.accepted}"
        hands = share.share_id in memory.by_hand | memory.touched or invite.share_adopted
        if hands or person_of(invite.login.value) in memory.haunted:
            continue
        yield from _libraries(stage, picture, invite, share)


def _libraries(stage: Stage, picture: Picture, invite: Invite, share: Share) -> Iterable[str]:
    has, who = set(share.section_ids), f"invite {invite.id} ({invite.state})"
    tier = stage.sections[invite.tier_id or 0]
    if share.all_libraries:
        yield f"{who} has all libraries"
    if _is_in_two_guilds(picture, persons_of(share)):
        # What two guilds give to one account stands in one share.
        return
    if invite.grant is None or has != set(invite.grant.section_ids):
        yield f"{who} has {has}, its grant is {invite.grant}"
    if has != tier:
        yield f"{who} has {has}, its tier {tier}"


def _unheld(stage: Stage, picture: Picture) -> Iterable[str]:
    """Whoever has no access has no share of Helpr's making."""
    for share in picture.shares:
        if picture.holders(share.share_id) or share.share_id in stage.memory.by_hand:
            continue
        doubt = stage.memory.lists_lied or persons_of(share) in stage.memory.haunted
        if doubt and share.share_id in picture.drift:
            # It was not to be seen when somebody looked; now it is, and the admins are told.
            continue
        states = [
            (invite.id, str(invite.state), invite.failure_key)
            for invite in picture.invites
            if person_of(invite.login.value) == persons_of(share)
        ]
        yield f"ORPHAN: share {share.share_id} of person {persons_of(share)}, invites {states}"


def _made(stage: Stage, picture: Picture) -> Iterable[str]:
    """Each sending makes one share, unless somebody took it away meanwhile."""
    sendings: Counter[int] = Counter()
    who = {invite.id: person_of(invite.login.value) for invite in picture.invites}
    for line in picture.audit:
        if line.to_state == S.SENDING and line.from_state != S.SENDING:
            sendings[who[line.invite_id]] += 1
    for person, times in stage.memory.made.items():
        if times > sendings[person] + stage.memory.vanished[person] and (
            person not in stage.memory.late
        ):
            yield f"DOUBLED: {times} shares made for person {person}, {sendings[person]} sendings"
