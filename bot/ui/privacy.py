"""An address for staff, and a member's own data."""

from discord.ui import LayoutView

from bot.domain.invites import Invite
from bot.domain.logins import Login, LoginKind
from bot.i18n import Texts
from bot.ui.items.privacy import MyData, ShowAddress
from bot.ui.layout import BLUE, GREEN, YELLOW, apart, layout
from bot.ui.plain import plain

EXPORT = "my-data.json"


def address_button(invite: Invite, t: Texts) -> list[ShowAddress]:
    """The way to the whole address, where what is shown of it is masked."""
    if invite.is_forgotten or invite.login.kind is not LoginKind.EMAIL:
        return []
    return [ShowAddress(invite.id, t("Show address"))]


def address_panel(login: Login, t: Texts) -> LayoutView:
    """The whole address, for one pair of eyes."""
    return layout(
        t("The e-mail address is {address}.", address=f"**{plain(login.value)}**"),
        "-# " + t("Only you see this. The log says that you have looked."),
        colour=BLUE,
    )


def my_data_panel(invite_id: int, t: Texts) -> LayoutView:
    """What is kept, and what can be done about it."""
    return layout(
        "### " + t("My data"),
        t("I keep what you asked for and what came of it: your Plex account, your notes, your"
          " choices, and what was decided when. Addresses and notes are encrypted."),
        apart(t("**Export** gives you all of it as a file. Only you see it.")),
        t("**Forget me** ends your access and erases what I know about you here."),
        rows=[[
            MyData("export", invite_id, t("Export")),
            MyData("forget", invite_id, t("Forget me")),
        ]],
        colour=BLUE,
    )  # fmt: skip


def forget_panel(invite_id: int, t: Texts) -> LayoutView:
    """What being forgotten means, before it is done."""
    return layout(
        "### " + t("Forget you?"),
        t("This cannot be undone. It means:"),
        "• " + t("Your Plex access from this server ends, and an invite on its way is taken back."),
        "• " + t("Your Plex account, notes, choices and messages are erased."),
        "• " + t("What stays are numbers: that somebody asked, and how it went."),
        "• " + t("If the admins said no or ended your access, a mark without your name stays, so"
                 " that they decide if you ask again."),
        apart(
            t("Nothing changes in other Discord servers. To come back you would have to ask again.")
        ),
        rows=[[
            MyData("yes", invite_id, t("Forget me for good")),
            MyData("no", invite_id, t("Keep my data")),
        ]],
        colour=YELLOW,
    )  # fmt: skip


def forgetting_panel(t: Texts) -> LayoutView:
    """It has begun."""
    return layout(
        "### " + t("You are being forgotten"),
        t("First Plex takes your access back, then I erase what I know about you here. That"
          " usually takes less than a minute. If Plex does not answer, I keep trying."),
        t("I will not write to you about it."),
        colour=GREEN,
    )  # fmt: skip


def exported_line(t: Texts) -> str:
    """What comes with the file."""
    return t("Here is everything that I hold about you in this server.")
