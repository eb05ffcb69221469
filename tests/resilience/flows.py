"""The flows in which the bot is killed at every point, as what people do, step by step.

To add one: write what a person does as a function of (scene, person), make it a `Step` with the
state that the ledger comes to, and put the steps into `FLOWS`. A step may be done again: when the
bot died before it had heard, people press again.
"""

import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scene import PATIENCE, Person, Scene, button

from bot.domain.codes import normal
from sandbox.plex import Fault

CODE = "SESAMEOPEN"
SHARE = "POST /api/servers/*/shared_servers"
# Seconds after which somebody who sees nothing happen presses again.
AGAIN = 10.0
Act = Callable[[Scene, Person], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Step:
    """What somebody does, and the ledger's state when all that follows from it has been done.

    `where` is a condition in SQL that the invite meets then too, for steps that keep the state.
    `check` names what is wrong although the ledger has come there.
    """

    name: str
    act: Act
    reaches: str
    where: str = "true"
    check: Callable[[Scene, Person], list[str]] = lambda *_: []

    async def is_done(self, scene: Scene, person: Person) -> bool:
        """Whether the ledger has come there."""
        return await scene.state_of(person) == self.reaches and (
            self.where == "true" or await scene.holds(person, self.where)
        )


@dataclass(frozen=True)
class Flow:
    """Steps in which the bot is killed, after `before`, in which it is left alone.

    `own` are the callables and jobs that the flow is about. Each must be passed, which guards
    against a flow that has silently become another one. A regular run kills at those alone unless
    `everywhere` is set; a thorough one everywhere.
    """

    steps: tuple[Step, ...]
    before: tuple[Step, ...] = ()
    own: frozenset[str] = field(default_factory=frozenset)
    everywhere: bool = False


async def play(scene: Scene, step: Step, person: Person, *, again: float = AGAIN) -> None:
    """Do a step, again if nothing has come of it, until the ledger shows that it is done."""

    async def done() -> bool:
        return await step.is_done(scene, person)

    for _ in range(int(2 * PATIENCE / again)):
        if await done():
            return
        await step.act(scene, person)
        with contextlib.suppress(TimeoutError):
            await scene.eventually(done, step.name, again)
    state = await scene.state_of(person)
    raise TimeoutError(f"{step.name} of {person.login} came to nothing: {state}")


async def form_only(scene: Scene, person: Person) -> None:
    """Nobody signs in with Plex there, so that `/invite` is the form."""
    await scene.execute(
        f"INSERT INTO guild (id, sign_in) VALUES ({person.place.guild.id}, false)"  # noqa: S608 - a number
        " ON CONFLICT (id) DO UPDATE SET sign_in = false WHERE guild.sign_in"
    )


async def ask(scene: Scene, person: Person) -> None:
    """`/invite` and its form."""
    await form_only(scene, person)
    shown = await person.actor.slash(person.place.get_access, "invite")
    if shown.modal is not None:
        await person.actor.submit_modal(shown, {"login": person.login})


async def sign_in(scene: Scene, person: Person) -> None:
    """`/invite` where whoever signs in is let in, and the PIN is confirmed on Plex."""
    people = scene.plex.world.people
    account = people.find(person.login) or scene.plex.world.add_account(
        person.login.partition("@")[0], person.login
    )
    pin_id = await scene.waiting_pin(person)
    if pin_id is None:
        await scene.execute("UPDATE guild SET sign_in = true, asking = 'signed_in'")
        await person.actor.slash(person.place.get_access, "invite")
        with contextlib.suppress(TimeoutError):
            await scene.eventually(lambda: scene.waiting_pin(person), "a PIN", AGAIN / 4)
        pin_id = await scene.waiting_pin(person)
    if pin_id is not None:
        scene.plex.world.keys.allow_pin(pin_id, account.id)


def signed_out(scene: Scene, person: Person) -> list[str]:
    """Plex has forgotten every token that was not needed any more."""
    account = scene.plex.world.people.find(person.login)
    known = scene.plex.world.keys.tokens_of(account.id) if account else []
    return [f"{person.login} is still signed in"] if known else []


async def approve(scene: Scene, person: Person) -> None:
    """Alice presses Approve on the card."""
    await scene.eventually(lambda: scene.card_of(person), "the card")
    card = scene.card_of(person)
    if card is not None and button(card, "Approve"):
        await person.place.admin.click(card, label="Approve")


async def ask_with_code(scene: Scene, person: Person) -> None:
    """`/invite` with a code that skips the reviewers."""
    async with scene.ledger.begin() as work:
        known = {"uses_most": None, "created_by": person.place.admin.id}
        await work.codes.add(
            person.place.guild.id, normal(CODE), created_at=datetime.now(UTC), **known
        )
        await work.commit()
    await form_only(scene, person)
    shown = await person.actor.slash(person.place.get_access, "invite", code=CODE)
    if shown.modal is not None:
        await person.actor.submit_modal(shown, {"login": person.login, "code": CODE})


async def deny(scene: Scene, person: Person) -> None:
    """Alice denies, with a reason."""
    await scene.eventually(lambda: scene.card_of(person), "the card")
    card = scene.card_of(person)
    if card is not None and button(card, "Deny"):
        shown = await person.place.admin.click(card, label="Deny")
        if shown.modal is not None:
            await person.place.admin.submit_modal(shown, {"reason": "Not now"})


async def approve_in_doubt(scene: Scene, person: Person) -> None:
    """The same, and Plex's answer is lost: the invite is made, but nobody hears of it."""
    if not scene.share_of(person):
        scene.plex.world.faults.clear()
        scene.plex.world.faults.add(Fault(match=SHARE, kind="drop_after", times=1))
    await approve(scene, person)


async def accept(scene: Scene, person: Person) -> None:
    """The invited person accepts on Plex."""
    share = scene.share_of(person)
    if share is not None and not share.accepted:
        scene.plex.world.accept(share.share_id)


async def withdraw(scene: Scene, person: Person) -> None:
    """The member takes the request back, on their own panel."""
    panel = await person.actor.slash(person.place.get_access, "my-plex")
    await scene.discord.finished(panel, 1)
    if panel.response is not None and button(panel.response, "Withdraw"):
        await person.actor.click(panel.response, label="Withdraw")


async def decline(scene: Scene, person: Person) -> None:
    """The invited person says no on Plex."""
    share = scene.share_of(person)
    if share is not None:
        scene.plex.world.decline(share.share_id)


async def access(scene: Scene, person: Person, what: str, **options: Any) -> None:
    """Alice uses `/access`."""
    channel = person.place.access_requests
    await person.place.admin.slash(channel, f"access {what}", member=person.actor, **options)


async def suspend(scene: Scene, person: Person) -> None:
    """Alice suspends somebody to whom the owner has given odd things by hand."""
    share = scene.share_of(person)
    if share is not None and person.had is None:
        share.settings.update({"allowSync": True, "filterMovies": "label=quiet"})
        person.had = scene.given_to(person)
    await access(scene, person, "suspend")


async def restore(scene: Scene, person: Person) -> None:
    """Alice restores."""
    await access(scene, person, "restore")


def as_before(scene: Scene, person: Person) -> list[str]:
    """Somebody has exactly what they had."""
    given = scene.given_to(person)
    return [] if given == person.had else [f"{person.login} had {person.had}, now has {given}"]


async def extend(scene: Scene, person: Person) -> None:
    """Alice lets access last longer."""
    await access(scene, person, "extend", until="30d")


async def move(scene: Scene, person: Person) -> None:
    """Alice moves somebody to a tier with one library."""
    await scene.execute(KIDS)
    await access(scene, person, "move", tier="Kids")


def one_library(scene: Scene, person: Person) -> list[str]:
    """Plex shares what the new tier has."""
    given = scene.given_to(person)
    return [] if given is not None and len(given[0]) == 1 else [f"{person.login} has {given}"]


async def revoke(scene: Scene, person: Person) -> None:
    """Alice ends access."""
    await access(scene, person, "revoke")


KIDS = """
WITH made AS (
  INSERT INTO tier (guild_id, link_id, name, is_open)
  SELECT guild_id, min(id), 'Kids', false FROM plex_link
  WHERE NOT EXISTS (SELECT FROM tier WHERE name = 'Kids') GROUP BY guild_id RETURNING id)
INSERT INTO tier_library (tier_id, library_id)
  SELECT made.id, (SELECT min(id) FROM library) FROM made
"""
IN_KIDS = "tier_id = (SELECT id FROM tier WHERE name = 'Kids') AND change IS NULL"

ASK = Step("ask", ask, "requested")
SIGN_IN = Step("sign in", sign_in, "active", where="is_proven", check=signed_out)
ASK_WITH_CODE = Step("ask with a code", ask_with_code, "sent", where="code_id IS NOT NULL")
APPROVE = Step("approve", approve, "sent")
DOUBT = Step("approve in doubt", approve_in_doubt, "sent")
ACCEPT = Step("accept", accept, "active")
DENY = Step("deny", deny, "denied")
WITHDRAW = Step("withdraw", withdraw, "withdrawn")
DECLINE = Step("decline", decline, "ended")
SUSPEND = Step("suspend", suspend, "suspended")
RESTORE = Step("restore", restore, "active", check=as_before)
EXTEND = Step("extend", extend, "active", where="expires_at IS NOT NULL")
MOVE = Step("move", move, "active", where=IN_KIDS, check=one_library)
REVOKE = Step("revoke", revoke, "ended")
GIVEN = (ASK, APPROVE, ACCEPT)

FLOWS: dict[str, Flow] = {
    "invite": Flow(
        GIVEN,
        own=frozenset(
            {
                "InviteService.request",
                "InviteService.approve",
                "SendingService.begin",
                "SendingService.sent",
                "ReconcileService.begin",
                "ReconcileService.accepted",
                "ReconcileService.done",
                "ShowingService.card",
                "ShowingService.card_shown",
                "ShowingService.tell",
                "ShowingService.told",
                "PlexService.share",
                "PlexService.shares",
                "share_invite",
                "reconcile_link",
                "show_card",
                "tell_member",
            }
        ),
        everywhere=True,
    ),
    "doubt": Flow(
        (DOUBT,),
        before=(ASK,),
        own=frozenset({"SendingService.went_wrong", "PlexService.find_share"}),
    ),
    "deny": Flow(
        (DENY,), before=(ASK,), own=frozenset({"InviteService.decidable", "InviteService.deny"})
    ),
    "sign in": Flow(
        (SIGN_IN,),
        own=frozenset(
            {
                "SignInService.begin",
                "SignInService.take",
                "SignInService.signed_in",
                "SignInService.release",
                "ProvingService.settle",
                "AcceptingService.begin",
                "AcceptingService.later",
                "ReconcileService.accepted",
                "PlexService.accept",
                "PlexService.share_state",
                "PlexService.begin_sign_in",
                "PlexService.token_of_pin",
                "PlexService.who",
                "PlexService.sign_out",
                "follow_sign_in",
            }
        ),
    ),
    "code": Flow(
        (ASK_WITH_CODE,),
        own=frozenset({"RedeemingService.check", "InviteService.request", "PlexService.share"}),
    ),
    "withdraw": Flow(
        (WITHDRAW,),
        before=(ASK, APPROVE),
        own=frozenset(
            {
                "InviteService.view",
                "InviteService.withdraw",
                "ChangingService.begin",
                "ChangingService.over",
                "PlexService.withdraw",
                "change_share",
            }
        ),
    ),
    "decline": Flow(
        (DECLINE,),
        before=(ASK, APPROVE),
        own=frozenset({"ReconcileService.gone", "PlexService.share_state"}),
    ),
    "suspend": Flow(
        (SUSPEND,),
        before=GIVEN,
        own=frozenset(
            {
                "AccessService.suspend",
                "ChangingService.remember",
                "ChangingService.suspended",
                "PlexService.withdraw",
            }
        ),
    ),
    "restore": Flow(
        (RESTORE,),
        before=(*GIVEN, SUSPEND),
        own=frozenset(
            {
                "AccessService.restore",
                "SendingService.begin",
                "SendingService.sent",
                "PlexService.share",
            }
        ),
    ),
    "extend": Flow((EXTEND,), before=GIVEN, own=frozenset({"AccessService.extend"})),
    "move": Flow(
        (MOVE,),
        before=GIVEN,
        own=frozenset({"AccessService.move", "ChangingService.updated", "PlexService.update"}),
    ),
    "revoke": Flow(
        (REVOKE,),
        before=GIVEN,
        own=frozenset({"AccessService.revoke", "ChangingService.over", "PlexService.withdraw"}),
    ),
}
