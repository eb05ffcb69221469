"""The bot dies at every point of every flow: nothing is lost or done twice, and no card lies."""

import os

import pytest
from dying import Series, spread
from flows import FLOWS
from points import plex_methods, service_methods
from scene import Measured, Scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

REPEAT = int(os.environ.get("HELPR_TEST_REPEAT", "1"))
# Also at points between which and their neighbours nothing happens, and where others have died.
THOROUGH = os.environ.get("HELPR_TEST_THOROUGH", "") not in {"", "0"}
# The regular run takes every so many-th point, so that it stays short; `make resilience` takes all.
MAIN_ROADS = {"invite", "revoke"}
# These alone, as each start of the bot takes a second or two; the others are only played through.
REGULAR = {"invite", "doubt", "sign in", "revoke", "remind", "forget"}
EVERY_MAIN, EVERY_SIDE = 10, 12
# So that several workers share one flow.
PARTS = {"invite": 2}


def parts() -> list[tuple[str, int]]:
    """(flow, part)."""
    names = [name for name in FLOWS if THOROUGH or name in REGULAR]
    return [(name, part) for name in names for part in range(PARTS.get(name, 1))]


@pytest.mark.parametrize("repetition", range(REPEAT))
@pytest.mark.parametrize(("name", "part"), parts())
async def test_killed_at_every_point(
    scene: Scene,
    name: str,
    part: int,
    repetition: int,
    measured: Measured,
) -> None:
    """Killed anywhere, the bot brings every invite to where it belongs, exactly once."""
    series = Series(scene, FLOWS[name], await scene.start(), thorough=THOROUGH)
    points = await series.record()
    assert not (missing := FLOWS[name].own - series.passed), missing
    chosen = spread(points, part, PARTS.get(name, 1))
    if not THOROUGH:
        chosen = spread(chosen, 0, EVERY_MAIN if name in MAIN_ROADS else EVERY_SIDE)
    await series.die_everywhere(chosen)
    tally = series.tally
    measured(f"killed, {name}", tally.summary())
    measured(f"recovery, {name}", {str(at): round(s, 2) for at, s in tally.recoveries.items()})
    assert not tally.wrong, "\n".join(tally.wrong)
    assert scene.complaints() == []
    # A killed job is taken back, and ends.
    await scene.count_the_dead()
    await scene.eventually(scene.is_quiet, "an empty queue")


# Services that keep the house and show what is: no step of an invite's life is in them.
OF_THE_HOUSE = (
    "Admission.",
    "AuditService.",
    "BoardService.",
    "CodeService.",
    "GuildService.",
    "LinkService.",
    "LinkingService.",
    "NoticeService.",
    "PanelService.",
    "SettingsService.",
    "SetupService.",
    "ShowingService.",
    "StatsService.",
    "SweepService.",
    "TierEditing.",
    "TierService.",
    "TroubleService.",
)
# No flow passes these, and why that may be.
NOT_IN_A_FLOW = {
    "InviteService.live": "changes nothing",
    "InviteService.undo": "one transaction, and nothing on Plex",
    "InviteService.redeem": "as asking with a code",
    "ForgettingService.cannot_yet": "a failure, tried again by the sweep",
    "MineService.choose_language": "one transaction, and nothing on Discord",
    "MineService.member": "changes nothing",
    "MineService.understood": "one transaction, and nothing on Discord",
    "PresenceService.begin": "the look comes round again",
    "PresenceService.seen": "one transaction, and the look comes round again",
    "PresenceService.unknown": "a failure, and the look comes round again",
    "PresenceService.vouch": "one transaction, and the look comes round again",
    "PrivacyService.address": "writes one line of the log",
    "PrivacyService.export": "changes nothing",
    "SightService.look": "changes nothing",
    "WaitingService.fill": "one transaction, and the sweep comes round again",
    "MessageService.cannot": "a failure, tried again by the sweep",
    "MessageService.seen": "one transaction; told again when it is lost",
    "MessageService.switch": "one transaction, and nothing on Discord",
    "MessageService.thread_made": "what is not noted is looked for",
    "MessageService.untold": "another outcome of the same errand",
    "MessageService.waiting": "changes nothing",
    "WishService.ask": "one transaction, and nothing on Plex",
    "WishService.cannot": "a failure, tried again by the sweep",
    "WishService.card": "as the card of an invite",
    "WishService.decidable": "changes nothing",
    "WishService.grant": "as extend and move",
    "WishService.not_wanted": "another outcome of the same errand",
    "WishService.offered": "changes nothing",
    "WishService.owe_cards": "one transaction, and the sweep comes round again",
    "WishService.page": "changes nothing",
    "WishService.refuse": "one transaction, and nothing on Plex",
    "WishService.shown": "what is not noted is looked for",
    "WishService.take_back": "one transaction, and nothing on Plex",
    "LinkingService.disconnect": "an admin's own press",
    "LinkingService.leaving": "changes nothing",
    "LinkingService.link": "an admin's own press",
    "LinkingService.of_guild": "changes nothing",
    "AcceptingService.choose": "one transaction, and nothing on Plex",
    "AcceptingService.hopeless": "another outcome of the same errand",
    "AcceptingService.went_wrong": "a failure, tried again by the sweep",
    "ProvingService.fail": "another outcome of the same errand",
    "RedeemingService.known": "changes nothing",
    "SignInService.ask_again": "tried again by the sweep",
    "SignInService.discard": "stores nothing; a token that nobody wanted",
    "RoleService.went_wrong": "a failure, tried again by the sweep",
    "RoleService.taken": "another outcome of the same errand",
    "PlexService.activity": "changes nothing",
    "PlexService.filter_choices": "changes nothing",
    "InviteService.queue": "changes nothing",
    "AccessService.get": "changes nothing",
    "AccessService.of_member": "changes nothing",
    "AccessService.tiers": "changes nothing",
    "AccessService.apply_tier": "as move",
    "AccessService.retry": "wakes what waits",
    "ChangingService.accepted_after_all": "another outcome of the same errand",
    "ChangingService.belongs_to_another": "changes nothing",
    "ChangingService.elsewhere": "another outcome of the same errand",
    "ChangingService.is_needed": "changes nothing",
    "ChangingService.kept": "another outcome of the same errand",
    "ChangingService.look_again": "another outcome of the same errand",
    "ChangingService.put_back": "another outcome of the same errand",
    "ChangingService.vanished": "another outcome of the same errand",
    "ChangingService.went_wrong": "a failure, as in the flow of doubt",
    "SendingService.needed_by_others": "changes nothing",
    "ReconcileService.ask": "an admin's own press",
    "ReconcileService.went_wrong": "a failure, as in the flow of doubt",
    "BulkRunService.carry_on": "killed at every commit in tests/integration/test_bulk.py",
    "BulkService.answer_over": "forgets a token",
    "BulkService.confirm": "an admin's own press",
    "BulkService.draft": "changes nothing",
    "BulkService.get": "changes nothing",
    "BulkService.prepare": "an admin's own press",
    "BulkService.recent": "changes nothing",
    "BulkService.results": "changes nothing",
    "BulkService.start": "an admin's own press",
    "BulkService.stop": "an admin's own press",
    "GrantService.grant": "asking and approving in one",
    "HolderService.find": "changes nothing",
    "HolderService.page": "changes nothing",
    "ImportService.adopt": "one transaction, and nothing on Plex",
    "ImportService.one": "changes nothing",
    "ImportService.page": "changes nothing",
    "PlexService.account_of": "changes nothing",
    "PlexService.strays": "changes nothing",
    "PlexService.status": "changes nothing",
    "PlexService.forget": "asks Plex nothing",
    "PlexService.owned_servers": "changes nothing",
    "PlexService.reach": "changes nothing",
    "SignInService.answer_of": "changes nothing",
    "SignInService.current": "changes nothing",
    "SignInService.not_yet": "passed where somebody takes their time",
}


async def test_no_step_is_forgotten(scene: Scene) -> None:
    """Every call of Plex, and every method that moves invites, is a step of some flow.

    A new one fails here until a flow passes it.
    """
    helper = await scene.start()
    passed: set[str] = set()
    for flow in FLOWS.values():
        series = Series(scene, flow, helper)
        await series.record()
        assert not (missing := flow.own - series.passed), missing
        passed |= series.passed
    steps = {name for name in service_methods() if not name.startswith(OF_THE_HOUSE)}
    forgotten = (steps | plex_methods()) - passed - set(NOT_IN_A_FLOW)
    assert not forgotten, " ".join(sorted(forgotten))
