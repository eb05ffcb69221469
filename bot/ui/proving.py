"""For members: the two ways to ask for access, and what came of a sign-in."""

from discord.ui import Button, LayoutView

from bot.domain.invites import Invite
from bot.domain.people import Asking
from bot.domain.sign_in import CODE
from bot.i18n import Texts, mark
from bot.services.proving import Proof
from bot.services.sign_ins import SignInView
from bot.ui.errors import error_text
from bot.ui.items.members import Prove
from bot.ui.layout import BLUE, RED, YELLOW, apart, layout
from bot.ui.member import member_panel
from bot.ui.plain import relative

_THEN: dict[Asking, str] = {
    Asking.FREELY: mark("Then the admins see that the account is yours, and decide."),
    Asking.WITH_CODE: mark("Your code is known already."),
    Asking.SIGNED_IN: mark("Then you are approved at once."),
}


def ways_panel(signing_in: SignInView, asking: Asking, t: Texts) -> LayoutView:
    """Sign in with Plex, or type the account."""
    then = _THEN[Asking.WITH_CODE if CODE in signing_in.sign_in.details else asking]
    return layout(
        "### " + t("Get access to Plex"),
        t("**Sign in with Plex**: nothing to type, and no invite to accept. Confirm it on Plex's"
          " own page, then come back. {then}", then=t(then)),
        apart(
            t("**Use e-mail or username**: type your Plex account, and accept Plex's invite later.")
        ),
        "\n-# " + t("I see the name and e-mail address of your Plex account, accept the invite for"
                  " you, and sign out again. I never see your password."),
        "-# " + t("This sign-in ends {when}.", when=relative(signing_in.sign_in.expires_at)),
        rows=[
            [
                Button(label=t("Sign in with Plex"), url=signing_in.url),
                Prove("form", t("Use e-mail or username")),
                Prove("anew", t("Start again")),
            ]
        ],
        colour=BLUE,
    )  # fmt: skip


def own_sign_in_panel(signing_in: SignInView, invite: Invite, t: Texts) -> LayoutView:
    """Sign in with Plex for a request that there is already."""
    then = t(_THEN[Asking.FREELY]) if invite.is_open else ""
    return layout(
        t("**Sign in with Plex**: nothing to type, and no invite to accept. Confirm it on Plex's"
          " own page, then come back. {then}", then=then).strip(),
        "-# " + t("I see the name and e-mail address of your Plex account, accept the invite for"
                  " you, and sign out again. I never see your password."),
        "-# " + t("This sign-in ends {when}.", when=relative(signing_in.sign_in.expires_at)),
        rows=[[Button(label=t("Sign in with Plex"), url=signing_in.url)]],
        colour=BLUE,
    )  # fmt: skip


def no_own_sign_in_panel(t: Texts) -> LayoutView:
    """Plex gives out no sign-in right now; the invite can be accepted by hand all the same."""
    return layout(t("Plex did not answer me just now. Try again in a few minutes."), colour=YELLOW)


def no_sign_in_panel(t: Texts) -> LayoutView:
    """Plex gives out no sign-in right now; the other way is open all the same."""
    return layout(
        "### " + t("Get access to Plex"),
        t("Signing in with Plex does not work right now: Plex does not answer as it should. You"
          " can type your Plex account instead, or try again in a moment."),
        rows=[[Prove("form", t("Use e-mail or username")), Prove("anew", t("Try again"))]],
        colour=YELLOW,
    )  # fmt: skip


def proof_panel(proof: Proof, t: Texts) -> LayoutView:
    """The request that came of a sign-in, or why there is none."""
    if proof.view is not None:
        return member_panel(proof.view, t)
    again = [Prove("anew", t("Start again")), Prove("form", t("Use e-mail or username"))]
    if proof.refusal is not None:
        return layout(error_text(proof.refusal, t), rows=[again], colour=RED)
    said = t(
        "The sign-in on Plex was not confirmed in time, so nothing was changed. You can start"
        " again."
    )
    return layout("⌛ " + said, rows=[again], colour=YELLOW)
