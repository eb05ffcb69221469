"""`/setup`: one panel for every step, and one that shows them all."""

from datetime import datetime
from typing import Any

import discord
from discord.ui import Button, Item, LayoutView

from bot.domain.links import Link, LinkState
from bot.domain.setup import Step
from bot.domain.sign_in import SignInState
from bot.i18n import Texts, mark
from bot.services.setup import SetupView
from bot.services.sign_ins import SignInView
from bot.ui.errors import TEXTS
from bot.ui.items.setup import ALONE, ON, BeginSignIn, LinkServer, OpenSetup, ShowStep
from bot.ui.layout import BLUE, GREEN, RED, YELLOW, layout
from bot.ui.plain import relative, short
from bot.ui.rights import Rights, rights_lines
from bot.ui.settings import ASKING
from bot.ui.setup_choices import (
    asking_step,
    channel_step,
    libraries_step,
    reviewers_step,
)

NAMES: dict[Step, str] = {
    Step.PLEX: mark("Plex server"),
    Step.LIBRARIES: mark("Libraries"),
    Step.CHANNEL: mark("Request channel"),
    Step.REVIEWERS: mark("Reviewers"),
    Step.ASKING: mark("What members may do"),
}
# Discord's limit for a button's label; and as many servers as fit with everything else.
LABEL = 80
SERVERS = 15
# Of many servers so many are named where all is shown at a glance.
NAMED = 5


def setup_panel(
    view: SetupView,
    step: Step,
    t: Texts,
    *,
    way: str = ON,
    page: int = 0,
    rights: Rights | None = None,
    roles: set[int] | None = None,
    looked_at: datetime | None = None,
) -> LayoutView:
    """A step as it stands. `rights` is the test for the last one; `roles` are the server's own.

    `looked_at` is when somebody asked whether the sign-in has been confirmed.
    """
    if step is Step.DONE:
        return _overview(view, t, rights or Rights())
    head = _head(step, t, way)
    match step:
        case Step.PLEX:
            return _plex(view, head, t, way, looked_at)
        case Step.LIBRARIES:
            return libraries_step(view, head, t, way, page)
        case Step.CHANNEL:
            return channel_step(view, head, t, way)
        case Step.REVIEWERS:
            return reviewers_step(view, head, t, way, roles)
        case _:
            return asking_step(view, head, t, way)


def greeting(t: Texts) -> LayoutView:
    """The one message on joining a server; everybody reads it."""
    return layout(
        "### " + t("Hello!"),
        t("I invite people of this server to Plex. Whoever manages the server sets me up with"
          " this button, in about two minutes. Until then I do nothing."),
        rows=[[OpenSetup(t("Set up"))]],
        colour=BLUE,
    )  # fmt: skip


def _head(step: Step, t: Texts, way: str) -> str:
    name = t(NAMES[step])
    if way == ALONE:
        return f"### {name}"
    number = list(Step).index(step) + 1
    return "### " + t("Step {n} of {of}: {name}", n=number, of=len(NAMES), name=name)


# -- signing in and choosing a server -------------------------------------------------------------


def _plex(view: SetupView, head: str, t: Texts, way: str, looked_at: datetime | None) -> LayoutView:
    signing_in = view.sign_in
    if signing_in is not None:
        match signing_in.sign_in.state:
            case SignInState.WAITING:
                return _waiting(signing_in, head, t, looked_at)
            case SignInState.SIGNED_IN:
                return _servers(view, signing_in, head, t)
            case _ if not view.links:
                return _expired(head, t)
    return _linked(view, head, t, way)


def _waiting(signing_in: SignInView, head: str, t: Texts, looked_at: datetime | None) -> LayoutView:
    return layout(
        head,
        t("Press **Sign in with Plex** and confirm it on Plex's own page, as the owner of the"
          " server. Then come back: this message goes on by itself."),
        "-# " + t("I never see your password. What Plex gives me is stored encrypted, and erased"
                  " with /plex disconnect."),
        "-# " + t("This sign-in ends {when}.", when=relative(signing_in.sign_in.expires_at)),
        "⏳ " + t("Not confirmed on Plex's page yet. I looked {when}.", when=relative(looked_at))
        if looked_at is not None
        else None,
        rows=[
            [
                Button(label=t("Sign in with Plex"), url=signing_in.url),
                ShowStep(Step.PLEX, ON, t("Continue")),
                BeginSignIn(t("Begin anew")),
            ]
        ],
        colour=BLUE,
    )  # fmt: skip


def _expired(head: str, t: Texts) -> LayoutView:
    return layout(
        head,
        "⌛ " + t("Nobody has confirmed the sign-in in time, so it is over. Nothing was changed."),
        rows=[[BeginSignIn(t("Begin anew"))]],
        colour=YELLOW,
    )


def _servers(view: SetupView, signing_in: SignInView, head: str, t: Texts) -> LayoutView:
    sign_in = signing_in.sign_in
    account = short(sign_in.account.username if sign_in.account else "")
    again = BeginSignIn(t("Sign in as somebody else"))
    if not sign_in.servers:
        return layout(
            head,
            t("Signed in as {account}.", account=account),
            "⚠️ " + t("This Plex account owns no server. Servers that others share with it do not"
                      " count: sign in as the owner."),
            rows=[[again]],
            colour=YELLOW,
        )  # fmt: skip
    linked = {link.machine_identifier: link for link in view.links}
    lines, buttons = [], []
    for number, server in enumerate(sign_in.servers[:SERVERS]):
        known = linked.get(server.machine_identifier)
        if known is not None and known.is_connected:
            lines.append("✅ " + t("{server} is connected already.", server=short(server.name)))
        else:
            label = t("Connect {server}", server=server.name.strip() or "Plex")
            buttons.append(LinkServer(sign_in.id, number, label[:LABEL]))
    rest = len(sign_in.servers) - SERVERS
    if rest > 0:
        lines.append(t.n("{n} more server is not shown.", "{n} more servers are not shown.", rest))
    return layout(
        head,
        t("Signed in as {account}. Which server are people here to be invited to?",
          account=account),
        *lines,
        rows=[*([button] for button in buttons[: SERVERS // 3 * 3]), [again]],
        colour=BLUE,
    )  # fmt: skip


def _linked(view: SetupView, head: str, t: Texts, way: str) -> LayoutView:
    going_on = view.after(Step.PLEX) if way == ON else Step.DONE
    is_well = all(link.is_connected for link in view.links)
    return layout(
        head,
        *(link_line(link, t) for link in view.links[:SERVERS]),
        "-# " + t("Each server goes its own way: its own tiers, its own troubles."),
        rows=[
            [
                ShowStep(going_on, way, t("Continue"), primary=True),
                BeginSignIn(t("Connect another server")),
            ]
        ],
        colour=GREEN if is_well else YELLOW,
    )


def link_line(link: Link, t: Texts) -> str:
    """A server, and how its connection is."""
    server = short(link.server_name) or "Plex"
    if link.is_connected:
        return "✅ " + t("{server} is connected.", server=server)
    why = t(TEXTS[link.problem_key]) if link.problem_key in TEXTS else ""
    if link.state is LinkState.PAUSED:
        return f"⛔ **{server}**: {why}"
    return "⏸️ " + t("{server} is not connected yet. I try again every minute. {why}",
                     server=server, why=why)  # fmt: skip


# -- all at a glance ------------------------------------------------------------------------------


def _overview(view: SetupView, t: Texts, rights: Rights) -> LayoutView:
    missing = view.missing
    is_well = not missing and rights.is_well
    title = t("All is set up") if is_well else t("Nearly there")
    lines = ["### " + title, *(_summary(view, step, t) for step in NAMES)]
    lines += ["", "**" + t("What I may do here") + "**", *rights_lines(rights, t)]
    lines += ["", *_next_lines(view, t, is_well=is_well)]
    buttons = [ShowStep(step, ALONE, t(name)) for step, name in NAMES.items()]
    again: list[Item[Any]] = [ShowStep(Step.DONE, ON, t("Check again"))]
    if missing:
        again.insert(0, ShowStep(missing[0], ON, t("Continue"), primary=True))
    colour: discord.Colour = GREEN if is_well else RED if not rights.is_well else YELLOW
    return layout(*lines, rows=[buttons, again], colour=colour)


def _summary(view: SetupView, step: Step, t: Texts) -> str:
    settings = view.settings
    match step:
        case Step.PLEX:
            named = [short(link.server_name, 40) or "Plex" for link in view.links[:NAMED]]
            said = t.list([*named, *(["…"] if len(view.links) > NAMED else [])])
        case Step.LIBRARIES:
            n = sum(len(tier.libraries) for tier in view.tiers)
            said = t.n("{n} library", "{n} libraries", n) if n else ""
        case Step.CHANNEL:
            channel = settings.request_channel_id
            said = f"<#{channel}>" if channel is not None else ""
        case Step.REVIEWERS:
            roles = sorted(settings.reviewer_role_ids)
            said = t.list(f"<@&{id_}>" for id_ in roles) or t("only admins decide")
        case _:
            said = t(ASKING[settings.asking][0])
    sign = "⚠️" if step in view.missing else "✅"
    return f"{sign} {t(NAMES[step])}: {said or t('missing')}"


def _next_lines(view: SetupView, t: Texts, *, is_well: bool) -> list[str]:
    lines = []
    if is_well:
        lines.append(t("Members ask with /invite. /panel post puts a button for that into a"
                       " channel."))  # fmt: skip
    if view.settings.reviewer_role_ids:
        lines.append("-# " + hidden_line(t))
    return lines


def hidden_line(t: Texts) -> str:
    """How a role that may use a command is shown it, as Discord hides it."""
    return t(
        "Discord hides /requests from roles without Manage Server. To show it to your reviewers:"
        " Server Settings, Integrations, my name, /requests, add their role."
    )
