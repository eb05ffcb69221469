"""The panels of `/setup`, of signing in and of disconnecting, in the worst case."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import discord
import pytest
from test_layouts import LIBRARIES, LINK, TIER, check, components, every_language
from tongues import spoken

from bot.domain.errors import Refused
from bot.domain.links import Link, LinkState
from bot.domain.people import Asking, GuildSettings
from bot.domain.setup import Step
from bot.domain.sign_in import (
    OwnedServer,
    PlexAccount,
    SignIn,
    SignInPurpose,
    SignInState,
)
from bot.services.linking import Leaving
from bot.services.links import LinkReport
from bot.services.proving import Proof
from bot.services.setup import SetupView
from bot.services.sign_ins import SignInView
from bot.ui.items.setup import ALONE, ON
from bot.ui.links import choose_link_panel, disconnect_panel, disconnected_notice
from bot.ui.panels import status_panel
from bot.ui.proving import proof_panel, ways_panel
from bot.ui.rights import Rights, rights_lines
from bot.ui.setup import greeting, setup_panel

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LONG = "🎬*" * 100
BIGGEST = 10**17 * 9
LINKS = tuple(
    dataclasses.replace(
        LINK,
        id=BIGGEST + n,
        server_name=LONG,
        state=LinkState.PAUSED,
        problem_key="plex.token_refused",
        problem_reason="x" * 200,
        machine_identifier=str(n),
    )
    for n in range(12)
)
ROLES = frozenset(BIGGEST + n for n in range(25))
SETTINGS = GuildSettings(1, request_channel_id=BIGGEST, reviewer_role_ids=ROLES)


def signing_in(state: SignInState, servers: int = 0) -> SignInView:
    """A sign-in with so many servers of the longest names."""
    return SignInView(
        SignIn(
            id=BIGGEST,
            guild_id=1,
            user_id=1,
            purpose=SignInPurpose.LINK,
            state=state,
            pin_id=1,
            created_at=NOW,
            expires_at=NOW,
            account=PlexAccount(1, LONG),
            servers=tuple(OwnedServer(str(n), LONG) for n in range(servers)),
        ),
        "https://app.plex.tv/auth#?" + "x" * 480,
    )


VIEWS = [
    SetupView(GuildSettings(1)),
    *(SetupView(GuildSettings(1), sign_in=signing_in(state)) for state in SignInState),
    SetupView(SETTINGS, LINKS, sign_in=signing_in(SignInState.SIGNED_IN, 40)),
    SetupView(SETTINGS, LINKS, (TIER,), TIER, LINK, LIBRARIES),
    SetupView(SETTINGS, (LINK,), (TIER,), dataclasses.replace(TIER, libraries=()), LINK, LIBRARIES),
]


@every_language
@pytest.mark.parametrize("view", VIEWS, ids=range(len(VIEWS)))
def test_every_step_holds(language: str, view: SetupView) -> None:
    """Whatever the ledger holds, each step fits Discord's limits, on every page and way."""
    for step in Step:
        for way in (ON, ALONE):
            for page in (0, 5, 10**6):
                check(setup_panel(view, step, spoken(language), way=way, page=page, roles=set()))
    assert view.step in Step


@every_language
def test_what_is_missing_is_said(language: str) -> None:
    """Every right that is missing gets a line, and one more than what works has none."""
    t = spoken(language)
    well = Rights(channel_id=1, gives_roles=True)
    assert well.is_well
    assert all(line.startswith("✅") for line in rights_lines(well, t))
    for bad in (
        dataclasses.replace(well, in_channel=("send_messages", "read_message_history")),
        dataclasses.replace(well, is_channel_gone=True),
        dataclasses.replace(well, manage_roles=False),
        dataclasses.replace(well, too_high=(1, 2)),
    ):
        assert not bad.is_well
        assert [line for line in rights_lines(bad, t) if line.startswith("❌")]
    no_invites = dataclasses.replace(well, create_invite=False)
    assert no_invites.is_well
    assert rights_lines(no_invites, t)[-1].startswith("⚪")


@every_language
def test_the_other_panels(language: str) -> None:
    """The greeting, the two ways, what came of them, and disconnecting hold."""
    t = spoken(language)
    check(greeting(t))
    for asking in Asking:
        check(ways_panel(signing_in(SignInState.WAITING), asking, t))
    check(proof_panel(Proof(), t))
    check(proof_panel(Proof(refusal=Refused("login.owner")), t))
    check(choose_link_panel(LINKS, t))
    check(disconnect_panel(Leaving(LINKS[0], (LONG,) * 25, 0), t))
    check(disconnected_notice(LINKS[0], t))


@every_language
def test_the_status_of_many_servers(language: str) -> None:
    """Twelve servers in trouble are one message within Discord's limits; one is as before."""
    t = spoken(language)
    reports = [LinkReport(link, TIER, {}) for link in LINKS]
    panel = status_panel(reports[0], t, reports[1:])
    check(panel)
    named = [one for one in components(panel) if one.get("type") == 2]
    assert len(named) == 10
    single = status_panel(LinkReport(_well(LINK), TIER, {}), t)
    [container] = single.children
    assert container.accent_colour == discord.Colour(0x3BA55D)  # type: ignore[attr-defined]


def _well(link: Link) -> Any:
    return dataclasses.replace(link, state=LinkState.CONNECTED, disconnected_at=None)
