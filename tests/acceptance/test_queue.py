"""/requests: the queue by pages, decided right there."""

from typing import Any

import unseen
from stage import Stage, button, labels, parts, refusal, said, words

PEOPLE = ("dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj")


async def all_ask(stage: Stage, *names: str) -> dict[str, Any]:
    """These people join and ask, in this order."""
    people = {}
    for name in names:
        people[name] = await stage.join(name)
        await stage.ask(people[name], name)
    return people


def asking(message: Any) -> list[str]:
    """Whose requests a page shows, top to bottom."""
    text = words(message)
    found = {text.find(f"**{name}**"): name for name in PEOPLE if f"**{name}**" in text}
    return [found[place] for place in sorted(found)]


async def test_an_empty_queue(stage: Stage) -> None:
    """Where nobody waits that is said, with no buttons."""
    shown = await stage.slash(stage.alice, "requests")
    assert "Nobody is waiting" in refusal(shown)


async def test_one_request_with_its_buttons(stage: Stage) -> None:
    """The queue shows who asks, for what account, and the two ways to decide."""
    await stage.ask(stage.bob, "bob@example.org", "Hi!")
    shown = await stage.slash(stage.alice, "requests")
    assert shown.ephemeral
    text = said(shown)
    assert "1 request is waiting" in text
    assert f"<@{stage.bob.id}>" in text
    assert "b***@example.org" in text.replace("\\", "")
    assert "bob@" not in text.replace("\\", "")
    assert labels(shown.response) == ["Approve", "Deny", "Post the cards again"]


async def test_many_requests_come_by_pages(stage: Stage) -> None:
    """Four to a page, oldest first; one turns forth and back."""
    await all_ask(stage, *PEOPLE)
    page = await stage.slash(stage.alice, "requests")
    assert "9 requests are waiting" in said(page)
    assert asking(page.response) == list(PEOPLE[:4])
    assert labels(page.response)[-1:] == ["Later ones"]
    assert len(parts(page.response, 2)) == 10

    page = await stage.alice.click(page.response, label="Later ones")
    assert asking(page.response) == list(PEOPLE[4:8])
    assert labels(page.response)[-2:] == ["Earlier ones", "Later ones"]

    page = await stage.alice.click(page.response, label="Later ones")
    assert asking(page.response) == ["niaj"]
    assert labels(page.response)[-1] == "Earlier ones"

    page = await stage.alice.click(page.response, label="Earlier ones")
    assert asking(page.response) == list(PEOPLE[4:8])
    page = await stage.alice.click(page.response, label="Earlier ones")
    assert asking(page.response) == list(PEOPLE[:4])
    assert "Earlier ones" not in labels(page.response)


async def test_approve_on_a_page(stage: Stage) -> None:
    """What was approved leaves the page at once; its card follows, Plex gets the share."""
    people = await all_ask(stage, *PEOPLE[:6])
    page = await stage.slash(stage.alice, "requests")
    second = button(page.response, "Approve", 1)["custom_id"]
    page = await stage.alice.click(page.response, custom_id=second)
    assert asking(page.response) == ["dave", "frank", "grace", "heidi"]
    assert "5 requests are waiting" in said(page)
    await stage.run_jobs()
    assert await stage.state_of(people["erin"]) == "sent"
    assert [share.username for share in stage.shares()] == ["erin"]
    erins = next(card for card in stage.cards() if "erin" in words(card))
    assert "not accepted yet" in words(erins)


async def test_deny_on_a_page(stage: Stage) -> None:
    """The reason is asked for, then the same page comes again without the request."""
    people = await all_ask(stage, *PEOPLE[:6])
    page = await stage.slash(stage.alice, "requests")
    page = await stage.alice.click(page.response, label="Later ones")
    assert asking(page.response) == ["heidi", "ivan"]
    form = await stage.alice.click(
        page.response, custom_id=button(page.response, "Deny", 1)["custom_id"]
    )
    page = await stage.alice.submit_modal(form, {"reason": "Not yet"})
    assert asking(page.response) == ["heidi"]
    assert await stage.state_of(people["ivan"]) == "denied"
    assert await stage.state_of(people["heidi"]) == "requested"


async def test_the_last_one_of_a_page(stage: Stage) -> None:
    """When a page becomes empty the queue begins anew."""
    await all_ask(stage, *PEOPLE[:5])
    page = await stage.slash(stage.alice, "requests")
    page = await stage.alice.click(page.response, label="Later ones")
    page = await stage.alice.click(page.response, label="Approve")
    assert asking(page.response) == list(PEOPLE[:4])
    for _ in range(3):
        first = button(page.response, "Approve")["custom_id"]
        page = await stage.alice.click(page.response, custom_id=first)
    page = await stage.alice.click(page.response, label="Approve")
    assert "Nobody is waiting" in said(page)


async def test_a_page_that_is_out_of_date(stage: Stage) -> None:
    """A request that somebody else has decided meanwhile is refused by name."""
    await stage.ask(stage.bob)
    page = await stage.slash(stage.alice, "requests")
    await stage.run_jobs()
    await stage.rita.click(stage.card(), label="Approve")
    async with stage.nothing_changes():
        late = await stage.alice.click(page.response, label="Approve")
        assert f"<@{stage.rita.id}> was faster" in refusal(late)
        late = await stage.alice.click(page.response, label="Deny")
        assert late.modal is None
        assert f"<@{stage.rita.id}> was faster" in refusal(late)


async def test_a_reviewer_uses_the_queue(stage: Stage) -> None:
    """Who only holds the reviewers' role decides there too, once Discord shows the command."""
    await stage.ask(stage.bob)
    assert "requests" not in stage.rita.available_commands(stage.world.access_requests)
    unseen.open_command(stage.env, stage.world.guild, "requests", stage.world.reviewers)
    page = await stage.slash(stage.rita, "requests")
    await stage.rita.click(page.response, label="Approve")
    assert await stage.state_of(stage.bob) == "approved"


async def test_discord_hides_what_a_member_may_not_do(stage: Stage) -> None:
    """A member is offered what members do; an admin everything."""
    members = stage.bob.available_commands(stage.world.get_access)
    assert set(members) == {"invite", "my-plex"}
    admins = set(stage.alice.available_commands(stage.world.access_requests))
    assert admins >= {
        "invite",
        "my-plex",
        "requests",
        "plex status",
        "plex connect",
        "plex libraries",
    }
