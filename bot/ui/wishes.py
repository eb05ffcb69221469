"""Wishes: their cards, the page of open ones, and what the member reads of them."""

from collections.abc import Iterable
from typing import Any

from discord.ui import ActionRow, Item, LayoutView

from bot.domain.invites import InviteState
from bot.domain.members import Wish, WishKind, WishState
from bot.i18n import Texts
from bot.services.invites import MemberView
from bot.services.wishes import WishData, WishPage
from bot.ui.cards import ends_line, forgotten_card
from bot.ui.items.wishes import (
    CARD,
    LIST,
    AskWish,
    GrantWish,
    RefuseWish,
    TakeWishBack,
    Wishes,
)
from bot.ui.layout import BLUE, GREEN, GREY, RED, contained, line, text
from bot.ui.plain import mention, plain, quoted, relative
from bot.ui.states import state_name

# So that a full page stays within what one message may hold.
LISTED_LENGTH = 700
_COLOURS = {
    WishState.OPEN: BLUE,
    WishState.GRANTED: GREEN,
    WishState.REFUSED: RED,
    WishState.WITHDRAWN: GREY,
}


def wish_card(data: WishData, t: Texts) -> LayoutView:
    """The card in the request channel; it has buttons only while nobody has decided."""
    if data.invite.is_forgotten:
        return forgotten_card(data.invite, t)
    # The state stands apart, so that what the member wrote can never pass for it.
    asked = text(*_lines(data, t), _gives(data, t), _note(data.wish))
    items: list[Item[Any]] = [asked, line(), text(_status(data.wish, t))]
    if data.wish.is_open:
        items.append(ActionRow(*_buttons(data, t, CARD)))
    return contained(*items, colour=_COLOURS[data.wish.state])


def wishes_panel(page: WishPage, t: Texts) -> LayoutView:
    """Open wishes, each with its two buttons."""
    if not page.wishes:
        return contained(text(t("Nobody with access is asking for more.")), colour=GREEN)
    waiting = t.n("{n} member asks for more", "{n} members ask for more", page.waiting)
    items: list[Item[Any]] = [text(f"### {waiting}")]
    for data in page.wishes:
        items += [
            line(),
            # The note last: it is what may be cut off.
            text(
                *_lines(data, t),
                _gives(data, t),
                _status(data.wish, t),
                _note(data.wish),
                limit=LISTED_LENGTH,
            ),
            ActionRow(*_buttons(data, t, LIST)),
        ]
    if page.next_after is not None:
        items += [line(), ActionRow(Wishes(page.next_after, t("Later ones")))]
    return contained(*items, colour=BLUE)


def wish_lines(wishes: Iterable[Wish], t: Texts) -> list[str]:
    """What the member reads of their own wishes."""
    return [one for wish in wishes for one in _own_lines(wish, t)]


def wish_buttons(view: MemberView, t: Texts) -> list[Item[Any]]:
    """Ask for more, or take back what was asked for."""
    buttons = time_buttons(view, t)
    if view.invite is None:
        return buttons
    if _asks_for(view, WishKind.TIER):
        buttons.append(TakeWishBack("tier", view.invite.id, t("Keep my tier")))
    elif view.mine.choices:
        buttons.append(AskWish("tier", view.invite.id, t("Change tier")))
    return buttons


def time_buttons(view: MemberView, t: Texts) -> list[Item[Any]]:
    """The same for more time alone."""
    if view.invite is None:
        return []
    if _asks_for(view, WishKind.TIME):
        return [TakeWishBack("time", view.invite.id, t("No more time needed"))]
    if not view.mine.may_have_time:
        return []
    is_over = view.invite.state is InviteState.ENDED
    return [AskWish("time", view.invite.id, t("Renew") if is_over else t("Ask for more time"))]


def _asks_for(view: MemberView, kind: WishKind) -> bool:
    return any(wish.is_open and wish.kind is kind for wish in view.mine.wishes)


def _own_lines(wish: Wish, t: Texts) -> list[str]:
    is_time, when = wish.kind is WishKind.TIME, relative(wish.created_at)
    if wish.is_open and is_time:
        asked = t("You asked for more time {when}. The admins decide, and you will hear from me.",
                  when=when)  # fmt: skip
        return ["⏳ " + asked]
    if wish.is_open:
        asked = t("You asked for another tier {when}. The admins decide, and you will hear from"
                  " me.", when=when)  # fmt: skip
        return ["⏳ " + asked]
    when = relative(wish.decided_at or wish.created_at)
    if wish.state is WishState.GRANTED and is_time:
        return ["✅ " + t("The admins gave you more time {when}.", when=when)]
    if wish.state is WishState.GRANTED:
        return ["✅ " + t("The admins gave you another tier {when}.", when=when)]
    said_no = (
        t("The admins said no to more time {when}.", when=when)
        if is_time
        else t("The admins said no to another tier {when}.", when=when)
    )
    return ["⛔ " + said_no, quoted(wish.reason) if wish.reason else ""]


def _lines(data: WishData, t: Texts) -> list[str]:
    wish, invite = data.wish, data.invite
    who = mention(wish.member_id)
    if wish.kind is WishKind.TIME:
        title = t("{member} asks for more time", member=who)
    else:
        title = t("{member} asks for another tier", member=who)
    return [
        f"### {title}",
        t("Plex account: {login}", login=f"**{plain(invite.login.masked)}**"),
        t("Tier: {tier}", tier=f"**{plain(data.tier.name)}**") if data.tier else "",
        ends_line(invite, t) or t("Access: {state}", state=state_name(invite.state, t)),
    ]


def _note(wish: Wish) -> str:
    return quoted(wish.note) if wish.note else ""


def _gives(data: WishData, t: Texts) -> str:
    """What approving does, while that can be done."""
    if not data.wish.is_open:
        return ""
    if data.wish.kind is WishKind.TIME:
        return t.n("Approving gives {n} day more.", "Approving gives {n} days more.", data.days)
    wished = plain(data.wished.name) if data.wished else "?"
    return t("Approving moves them to {tier}.", tier=f"**{wished}**")


def _status(wish: Wish, t: Texts) -> str:
    decided = relative(wish.decided_at or wish.created_at)
    by = mention(wish.decided_by) if wish.decided_by is not None else ""
    match wish.state:
        case WishState.OPEN:
            return t("Asked {when}", when=relative(wish.created_at))
        case WishState.GRANTED:
            return "✅ " + t("Approved by {user} {when}.", user=by, when=decided)
        case WishState.REFUSED:
            denied = "⛔ " + t("Denied by {user} {when}.", user=by, when=decided)
            return f"{denied}\n{quoted(wish.reason)}" if wish.reason else denied
        case _ if wish.decided_by is None:
            return t("Over {when}, with the access that it was about.", when=decided)
        case _:
            return t("Withdrawn by the member {when}.", when=decided)


def _buttons(data: WishData, t: Texts, place: str) -> list[Item[Any]]:
    wish = data.wish
    return [
        GrantWish(wish.id, wish.version, place, t("Approve")),
        RefuseWish(wish.id, wish.version, place, t("Deny")),
    ]
