"""Ledger and Plex side by side: what has changed there, and what differs. Pure, no I/O."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.drift import Drift, DriftKind
from bot.domain.invites import SHARED, Invite, InviteState
from bot.domain.plex import PlexShare

Pair = tuple[Invite, PlexShare]


@dataclass(slots=True)
class Findings:
    """What a listing says about the invites of a link.

    `missing` are sent or active invites that the listing does not show, which alone proves nothing.
    """

    accepted: list[Pair] = field(default_factory=list)
    renumbered: list[Pair] = field(default_factory=list)
    unmeasured: list[Pair] = field(default_factory=list)
    missing: list[Invite] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)


def share_of(invite: Invite, shares: Collection[PlexShare]) -> PlexShare | None:
    """The share of an invite: by its id, else by the account or what was typed."""
    by_id = [share for share in shares if share.share_id == invite.share_id]
    if by_id:
        return by_id[0]
    for share in shares:
        same_account = share.account_id is not None and share.account_id == invite.account_id
        if same_account or share.belongs_to(invite.login.value):
            return share
    return None


def compare(
    link_id: int, known: Sequence[Invite], shares: Sequence[PlexShare], now: datetime
) -> Findings:
    """Lay the invites that Plex holds, or may hold, something for beside Plex's listing."""
    findings = Findings()
    recognised: set[int] = set()
    for invite in known:
        share = share_of(invite, shares)
        if share is None:
            if invite.state in SHARED and invite.change is None:
                findings.missing.append(invite)
            continue
        recognised.add(share.share_id)
        _judge(findings, link_id, invite, share, now)
    findings.drift += [
        _drift(link_id, DriftKind.UNKNOWN, share, now)
        for share in shares
        if share.share_id not in recognised
    ]
    return findings


def _judge(
    findings: Findings, link_id: int, invite: Invite, share: PlexShare, now: datetime
) -> None:
    if invite.state is InviteState.SENT and share.accepted:
        findings.accepted.append((invite, share))
    elif invite.state in SHARED and share.share_id != invite.share_id:
        findings.renumbered.append((invite, share))
    if invite.change is not None:
        return
    if invite.state is InviteState.SUSPENDED:
        findings.drift.append(_drift(link_id, DriftKind.UNWANTED, share, now, invite))
    elif invite.state in SHARED:
        if invite.grant is None:
            findings.unmeasured.append((invite, share))
        elif not share.gives(invite.grant) and not share.all_libraries:
            findings.drift.append(_drift(link_id, DriftKind.LIBRARIES, share, now, invite))


def _drift(
    link_id: int, kind: DriftKind, share: PlexShare, now: datetime, invite: Invite | None = None
) -> Drift:
    return Drift(
        link_id,
        kind,
        share.share_id,
        now,
        invite_id=invite.id if invite else None,
        account_id=share.account_id,
        name=share.username or share.email,
        is_accepted=share.accepted,
        section_ids=share.section_ids,
    )


def is_breaking(
    known: Sequence[Invite], findings: Findings, shares: Collection[PlexShare], percent: int
) -> bool:
    """Whether the listing has lost so many that it says more about Plex than about people.

    An empty one is never believed about people who had access. One person alone is no mass, and is
    believed to be gone only when Plex says so about that very share.
    """
    active = sum(invite.state is InviteState.ACTIVE for invite in known)
    lost = sum(invite.state is InviteState.ACTIVE for invite in findings.missing)
    return lost > 1 and (not shares or lost > active * percent / 100)
