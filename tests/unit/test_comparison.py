"""Ledger and Plex side by side: what a listing proves, and when it is not believed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.comparison import Findings, compare, is_breaking, share_of
from bot.domain.drift import DriftKind
from bot.domain.invites import Change, Invite, InviteState
from bot.domain.logins import Login, LoginKind
from bot.domain.plex import Grant, PlexShare, SharingSettings

NOW = datetime(2026, 1, 2, tzinfo=UTC)
S = InviteState
LINK = 7


def invite(number: int = 1, state: InviteState = S.ACTIVE, **changes: Any) -> Invite:
    """An invite of account `number` for `person<number>`, with the sections 1 and 2."""
    fields: dict[str, Any] = {
        "share_id": 100 + number,
        "account_id": 2000 + number,
        "grant": Grant(frozenset({1, 2})),
        "link_id": LINK,
        **changes,
    }
    login = Login(LoginKind.USERNAME, f"person{number}")
    return Invite(number, 1, number, state, 1, login, NOW, **fields)


def share(number: int = 1, **changes: Any) -> PlexShare:
    """The share that belongs to that invite."""
    fields: dict[str, Any] = {
        "share_id": 100 + number,
        "accepted": True,
        "account_id": 2000 + number,
        "username": f"person{number}",
        "section_ids": frozenset({1, 2}),
        **changes,
    }
    return PlexShare(**fields)


def found(known: list[Invite], shares: list[PlexShare]) -> Findings:
    """What the listing says."""
    return compare(LINK, known, shares, NOW)


def kinds(findings: Findings) -> list[DriftKind]:
    """What differs."""
    return [drift.kind for drift in findings.drift]


def test_agreement() -> None:
    """Where both sides agree there is nothing to do and nothing to tell."""
    assert found([invite()], [share()]) == Findings()


@pytest.mark.parametrize("state", [S.SENT, S.ACTIVE])
def test_a_missing_share(state: InviteState) -> None:
    """What a listing does not show is missing, which is no conclusion yet."""
    one = invite(state=state)
    assert found([one], []).missing == [one]


@pytest.mark.parametrize("state", [S.SENDING, S.SUSPENDED])
def test_what_plex_need_not_hold(state: InviteState) -> None:
    """Whoever has no share, or not yet, is not missed."""
    assert found([invite(state=state, share_id=None)], []).missing == []


@pytest.mark.parametrize("change", list(Change))
def test_what_is_being_changed_is_not_missed(change: Change) -> None:
    """Whoever is at it knows better than a listing."""
    findings = found([invite(change=change)], [])
    assert findings == Findings()


def test_an_acceptance() -> None:
    """A pending invite that the listing shows accepted."""
    one, there = invite(state=S.SENT), share()
    findings = found([one], [there])
    assert findings.accepted == [(one, there)]
    assert findings.missing == []


def test_a_pending_one_that_waits() -> None:
    """Nothing has happened."""
    assert found([invite(state=S.SENT)], [share(accepted=False)]) == Findings()


def test_a_share_under_another_number() -> None:
    """Shared anew by hand: the same account, another share, and nobody is missing."""
    one, there = invite(), share(share_id=555)
    findings = found([one], [there])
    assert findings.renumbered == [(one, there)]
    assert findings.missing == []
    assert findings.drift == []


def test_libraries_changed_by_hand() -> None:
    """They are told and not touched."""
    findings = found([invite()], [share(section_ids=frozenset({1}))])
    assert kinds(findings) == [DriftKind.LIBRARIES]
    assert findings.missing == []


def test_settings_changed_by_hand() -> None:
    """So are flags, where Plex has named them."""
    there = share(settings=SharingSettings(allow_sync=True))
    assert kinds(found([invite()], [there])) == [DriftKind.LIBRARIES]
    assert kinds(found([invite()], [share(settings=None)])) == []


def test_a_share_of_all_libraries_is_no_drift() -> None:
    """It gives whatever the server has."""
    there = share(section_ids=frozenset({1, 2, 3}), all_libraries=True)
    assert found([invite()], [there]).drift == []


def test_what_is_being_changed_is_no_drift() -> None:
    """Libraries that are just being changed differ for a moment."""
    there = share(section_ids=frozenset({1}))
    assert found([invite(change=Change.UPDATE)], [there]).drift == []


def test_a_suspended_person_with_a_share() -> None:
    """Somebody gave it by hand."""
    one = invite(state=S.SUSPENDED, share_id=None)
    findings = found([one], [share(share_id=900)])
    assert kinds(findings) == [DriftKind.UNWANTED]
    assert findings.drift[0].invite_id == one.id


def test_a_share_that_nobody_asked_for() -> None:
    """It is offered, under the name that Plex has for it."""
    findings = found([], [share(3)])
    assert kinds(findings) == [DriftKind.UNKNOWN]
    assert findings.drift[0].name == "person3"
    assert findings.drift[0].invite_id is None


def test_what_was_adopted_is_measured() -> None:
    """Where the ledger does not know yet what is given, the listing tells it."""
    one, there = invite(grant=None), share()
    assert found([one], [there]).unmeasured == [(one, there)]


# -- whose share is it --------------------------------------------------------------------------


def test_the_number_goes_before_the_name() -> None:
    """A share is found by its own number, whoever else bears the name."""
    mine, namesake = share(), share(share_id=555)
    assert share_of(invite(), [namesake, mine]) is mine


def test_an_account_without_a_number_is_nobodys() -> None:
    """Two unknown accounts are not the same one."""
    one = invite(share_id=None, account_id=None)
    assert share_of(one, [share(9, account_id=None)]) is None


def test_a_name_in_any_case() -> None:
    """What was typed names the account, whatever its case."""
    one = invite(share_id=None, account_id=None)
    there = share(account_id=4, username="PERSON1")
    assert share_of(one, [there]) is there


# -- the breaker --------------------------------------------------------------------------------


def breaks(active: int, listed: int, percent: int = 50, pending: int = 0) -> bool:
    """Whether a listing that shows `listed` of `active` people (and no pending one) is refused."""
    known = [invite(n) for n in range(1, active + 1)]
    known += [invite(n, S.SENT) for n in range(active + 1, active + pending + 1)]
    shares = [share(n) for n in range(1, listed + 1)]
    return is_breaking(known, found(known, shares), shares, percent)


@pytest.mark.parametrize(
    ("active", "listed", "percent", "refused"),
    [
        (4, 4, 50, False),
        (4, 3, 50, False),
        (4, 2, 50, False),
        (4, 1, 50, True),
        (4, 0, 50, True),
        (2, 0, 50, True),
        (1, 0, 50, False),
        (0, 0, 50, False),
        (3, 1, 50, True),
        (100, 51, 50, False),
        (100, 50, 50, False),
        (100, 49, 50, True),
        (100, 89, 10, True),
        (100, 90, 10, False),
        (100, 98, 1, True),
        (100, 1, 100, False),
        (100, 0, 100, True),
    ],
)
def test_when_a_listing_is_not_believed(
    active: int, listed: int, percent: int, refused: bool
) -> None:
    """More than the set part is gone, or all of several; one alone is no mass."""
    assert breaks(active, listed, percent) is refused


def test_pending_invites_are_no_mass() -> None:
    """Who has not accepted may decline, in any number."""
    assert not breaks(0, 0, pending=10)
    assert not breaks(4, 4, pending=50)


def test_a_listing_of_strangers_alone() -> None:
    """Other people's shares do not make up for those that are missing."""
    known = [invite(n) for n in (1, 2, 3)]
    strangers = [share(n) for n in (11, 12, 13)]
    findings = found(known, strangers)
    assert is_breaking(known, findings, strangers, 50)
    assert kinds(findings) == [DriftKind.UNKNOWN] * 3


@given(
    active=st.integers(0, 60),
    listed=st.integers(0, 60),
    percent=st.integers(1, 100),
)
def test_the_breaker_never_lets_all_of_several_go(active: int, listed: int, percent: int) -> None:
    """An empty listing is never believed of more than one person; a full one always is."""
    listed = min(active, listed)
    refused = breaks(active, listed, percent)
    if listed == 0 and active > 1:
        assert refused
    if active - listed <= 1:
        assert not refused
    if refused:
        assert active - listed > 1
