"""What waits for a decision, by pages."""

from typing import Any

from discord.ui import ActionRow, Item, LayoutView

from bot.domain.channels import RequestChannel
from bot.domain.invites import Invite, InviteState
from bot.domain.links import Tier
from bot.i18n import Texts
from bot.services.invites import PAGE, QueuePage
from bot.ui.cards import decision_buttons, request_lines, status_line
from bot.ui.items.requests import PostCards, TurnQueue, Undo
from bot.ui.items.wishes import Wishes
from bot.ui.layout import BLUE, GREEN, TEXT_LIMIT, YELLOW, contained, line, text
from bot.ui.places import place_lines
from bot.ui.plain import mention
from bot.ui.states import state_name
from bot.ui.tiers import approve_as_row

# So that a full page of the queue stays within what one message may hold.
HEAD_LENGTH = 700
QUEUED_LENGTH = (TEXT_LIMIT - HEAD_LENGTH) // PAGE


def queue_panel(
    page: QueuePage,
    t: Texts,
    place: RequestChannel | None = None,
    *,
    posting: bool = False,
    decided: Invite | None = None,
) -> LayoutView:
    """A page of open requests, each with its two buttons, and whether cards have a place.

    `posting` says that missing cards are just being posted again; `decided` is what the reader has
    just decided, which can be undone for as long as it was not sent.
    """
    problem = place_lines(place, t) if place else []
    if not page.invites:
        nobody = text(
            t("Nobody is waiting. New requests appear here."), in_line(page.in_line, t), *problem
        )
        more = [ActionRow(*_wishes_buttons(page, t))] if page.wishes else []
        return contained(nobody, *_decided_items(decided, "q0", t), *more, colour=GREEN)
    waiting = t.n("{n} request is waiting", "{n} requests are waiting", page.waiting)
    head = text(
        f"### {waiting}",
        *(problem or _posting_lines(t, posting)),
        in_line(page.in_line, t),
        limit=HEAD_LENGTH,
    )
    items: list[Item[Any]] = [head]
    first = f"q{page.invites[0].id - 1}"
    for invite in page.invites:
        # Named where there is a choice: the member may have made it.
        tier = next((one for one in page.tiers if one.id == invite.tier_id), None)
        named = tier if len(page.tiers) > 1 else None
        items += [line(), *queued(invite, first, t, named)]
        items += approve_as_row(invite, page.tiers, t, first)
    if decided_items := _decided_items(decided, first, t):
        items += [line(), *decided_items]
    turn: list[Item[Any]] = []
    if place is not None and place.can_be_had:
        turn.append(PostCards(t("Post the cards again")))
    if page.previous_before is not None:
        turn.append(TurnQueue("before", page.previous_before, t("Earlier ones")))
    if page.next_after is not None:
        turn.append(TurnQueue("after", page.next_after, t("Later ones")))
    turn += _wishes_buttons(page, t)
    if turn:
        items += [line(), ActionRow(*turn)]
    return contained(*items, colour=YELLOW if problem else BLUE)


def in_line(n: int, t: Texts) -> str:
    """How many are approved and wait for a seat; empty for nobody."""
    if not n:
        return ""
    return "💺 " + t.n(
        "{n} person is approved and waits for a seat: see /access list.",
        "{n} people are approved and wait for a seat: see /access list.",
        n,
    )


def _decided_items(decided: Invite | None, place: str, t: Texts) -> list[Item[Any]]:
    """What was just decided, and the way back."""
    if decided is None or decided.state is InviteState.REQUESTED:
        return []
    said = t("{member}: {state}", member=mention(decided.member_id),
             state=state_name(decided.state, t))  # fmt: skip
    items: list[Item[Any]] = [text(said)]
    if decided.can_be_undone:
        items.append(ActionRow(Undo(decided.id, decided.version, place, t("Undo"))))
    return items


def _wishes_buttons(page: QueuePage, t: Texts) -> list[Item[Any]]:
    """The way to those who have access and ask for more."""
    if not page.wishes:
        return []
    label = t.n("{n} asks for more", "{n} ask for more", page.wishes)
    return [Wishes(0, label)]


def _posting_lines(t: Texts, posting: bool) -> list[str]:
    return [t("Cards that are missing are posted again within seconds.")] if posting else []


def queued(invite: Invite, place: str, t: Texts, tier: Tier | None = None) -> list[Item[Any]]:
    """One of several requests that wait, with its buttons."""
    lines = [
        f"**{mention(invite.member_id)}** · {status_line(invite, t)}",
        *request_lines(invite, tier, t),
    ]
    return [text(*lines, limit=QUEUED_LENGTH), ActionRow(*decision_buttons(invite, t, place))]
