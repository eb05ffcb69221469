"""Why somebody does not see the libraries, and what to do about it."""

from collections.abc import Callable, Sequence
from typing import Any

import discord
from discord.ui import Item, LayoutView

from bot.domain.links import LinkedLibrary
from bot.domain.members import Sight
from bot.i18n import Texts
from bot.services.sight import SightView
from bot.ui.items.mine import CannotSee
from bot.ui.layout import GREEN, GREY, YELLOW, apart, layout
from bot.ui.plain import plain

# Where Plex's own page keeps the invites that wait.
ACCEPT = "https://app.plex.tv/desktop/#!/settings/manage-library-access"
PLEX_WEB = "https://app.plex.tv"
# Looking once more may find something else.
_AGAIN = {Sight.PENDING, Sight.JUST_ACCEPTED, Sight.SERVER_DOWN, Sight.UNKNOWN, Sight.NO_LIBRARIES}


def sight_panel(view: SightView, t: Texts) -> LayoutView:
    """What was found, and what now; shown to the member alone."""
    title, *lines = _WRITTEN[view.sight](view, t)
    buttons: list[Item[Any]] = []
    if view.sight is Sight.PENDING:
        buttons.append(discord.ui.Button(label=t("Accept on Plex"), url=ACCEPT))
    if view.sight in {Sight.WELL, Sight.OTHER_ACCOUNT}:
        buttons.append(discord.ui.Button(label=t("Open Plex"), url=PLEX_WEB))
    if view.sight in _AGAIN:
        buttons.append(CannotSee(view.invite.id, t("Look again")))
    colour = {Sight.WELL: GREEN, Sight.OVER: GREY, Sight.NOT_YET: GREY}.get(view.sight, YELLOW)
    return layout(f"### {title}", *lines, rows=[buttons], colour=colour)


def libraries_line(libraries: Sequence[LinkedLibrary], t: Texts) -> str:
    """The libraries by their names; empty where there are none."""
    titles = t.list(plain(library.title) for library in libraries)
    return t("Libraries: {titles}", titles=titles) if titles else ""


def remote_streaming(t: Texts) -> str:
    """What Plex itself demands of whoever watches from afar."""
    return t("**Good to know:** to watch away from the server's home, Plex wants a pass: the"
             " owner's Plex Pass, or a Plex Pass or Remote Watch Pass of your own. That is Plex's"
             " rule; nobody here earns from it.")  # fmt: skip


def _invited(view: SightView) -> str:
    return f"**{plain(view.invite.login.masked)}**"


def _server(view: SightView) -> str:
    name = view.link.server_name if view.link else ""
    return f"**{plain(name)}**" if name else "Plex"


def _not_yet(_view: SightView, t: Texts) -> list[str]:
    return [
        t("Not there yet"),
        t("You have no libraries yet: the admins still have to decide, or I am just asking Plex."
          " /my-plex shows how it stands."),
    ]  # fmt: skip


def _over(_view: SightView, t: Texts) -> list[str]:
    return [
        t("Your access has ended"),
        t("That is why the libraries are gone. /my-plex shows why, and what you can do."),
    ]


def _suspended(_view: SightView, t: Texts) -> list[str]:
    return [
        t("Your access is paused"),
        t("The admins have paused it, so Plex shows you nothing. When they end the pause, the same"
          " libraries come back by themselves."),
    ]  # fmt: skip


def _pending(view: SightView, t: Texts) -> list[str]:
    return [
        t("Your invite still waits on Plex"),
        t("It was sent to {account}. Sign in to Plex with that account, and accept it there or in"
          " Plex's e-mail.", account=_invited(view)),
        "-# " + t("Signed in with another account, you do not see the invite."),
    ]  # fmt: skip


def _just_accepted(view: SightView, t: Texts) -> list[str]:
    return [
        t("Plex says that you have accepted"),
        t(
            "Reload Plex, and {server} is there. /my-plex shows it in a minute.",
            server=_server(view),
        ),
    ]


def _gone(view: SightView, t: Texts) -> list[str]:
    return [
        t("Plex shares nothing with you any more"),
        t("On Plex, the invite to {account} was declined, or the libraries were removed. /my-plex"
          " shows it in a minute; then you can ask again with /invite.", account=_invited(view)),
    ]  # fmt: skip


def _other_account(view: SightView, t: Texts) -> list[str]:
    return [
        t("The libraries are in another Plex account"),
        t("The invite went to {account}, and the Plex account {name} has accepted it.",
          account=_invited(view), name=f"**{plain(view.has_it)}**"),
        t("Sign out of Plex, and in again as {name}. Is that not your account? Then give up this"
          " access with /my-plex, and ask again with the right one.",
          name=f"**{plain(view.has_it)}**"),
    ]  # fmt: skip


def _no_libraries(_view: SightView, t: Texts) -> list[str]:
    return [
        t("There is nothing to see yet"),
        t("Plex shares the server with you, but no library. Only the admins can fix that; please"
          " tell them."),
    ]  # fmt: skip


def _server_down(view: SightView, t: Texts) -> list[str]:
    return [
        t("The server does not answer"),
        t("{server} is switched off or offline right now. Your access is fine. Try again later.",
          server=_server(view)),
    ]  # fmt: skip


def _unknown(_view: SightView, t: Texts) -> list[str]:
    return [
        t("I could not find out"),
        t("Plex did not answer me just now. Try again in a few minutes."),
    ]


def _well(view: SightView, t: Texts) -> list[str]:
    return [
        t("All is well on Plex's side"),
        t("{server} is shared with the Plex account {name}.",
          server=_server(view), name=f"**{plain(view.has_it)}**"),
        libraries_line(view.libraries, t),
        "1. " + t("Look whether your Plex app is signed in as {name}; with any other account it"
                  " shows nothing.", name=f"**{plain(view.has_it)}**"),
        "2. " + t("Close the app and open it again."),
        "3. " + t("Choose **More** in its menu: {server} is there. Pin its libraries, and they"
                  " stay on your home screen.", server=_server(view)),
        # Else it would belong to the last of the steps.
        apart(remote_streaming(t)),
    ]  # fmt: skip


_WRITTEN: dict[Sight, Callable[[SightView, Texts], list[str]]] = {
    Sight.NOT_YET: _not_yet,
    Sight.OVER: _over,
    Sight.PAUSED: _suspended,
    Sight.PENDING: _pending,
    Sight.JUST_ACCEPTED: _just_accepted,
    Sight.GONE: _gone,
    Sight.OTHER_ACCOUNT: _other_account,
    Sight.NO_LIBRARIES: _no_libraries,
    Sight.SERVER_DOWN: _server_down,
    Sight.UNKNOWN: _unknown,
    Sight.WELL: _well,
}
