"""/access grant and /access import: access that begins with an admin and not with a request."""

from datetime import timedelta
from typing import Any

import simcord
from lives import access, as_given, lasting, my_plex, panel, tier, titles
from stage import Stage, labels, options, parts, refusal, said, words

from sandbox.plex.model import Invitation, Share


async def grant(stage: Stage, who: simcord.MemberActor, login: str, **given: Any) -> Any:
    """`/access grant` by Alice."""
    return await stage.slash(stage.alice, "access grant", member=who, login=login, **given)


async def shared_by_hand(stage: Stage, login: str, *libraries: str, accepted: bool = True) -> Share:
    """The owner has shared these libraries on Plex, without Helpr; it has been noticed."""
    server = stage.plex.world.server
    ids = tuple(one.id for one in server.libraries if not libraries or one.title in libraries)
    share = stage.plex.world.invite(Invitation(server.machine_identifier, ids, login=login))
    if accepted:
        stage.plex.world.accept(share.share_id)
    await compared(stage)
    return share


async def compared(stage: Stage) -> None:
    """Ledger and Plex are compared."""
    await stage.house.services.reconcile.at_start()
    await stage.run_jobs()


async def opened(stage: Stage, name: str) -> Any:
    """The panel of one account that is not known here."""
    message = (await stage.slash(stage.alice, "access import")).response
    assert message.ephemeral
    [value] = [value for label, value in options(message).items() if label == name]
    await stage.alice.select(message, [value])
    assert f"Whose account is {name}?" in words(message).replace("\\", "")
    return message


async def choose_member(stage: Stage, message: Any, who: Any) -> Any:
    """Alice says whose account it is, which asks her once more."""
    [menu] = parts(message, 5)
    return await stage.alice.select(message, [who], custom_id=menu["custom_id"])


# -- grant ----------------------------------------------------------------------------------------


async def test_grant(stage: Stage) -> None:
    """Nobody has asked: Plex invites them, they read it, and no card is posted."""
    await tier(stage, "Small", "Films")
    before = len(stage.cards())
    given = await grant(stage, stage.bob, "bob@example.org", tier="small", until="30d")
    assert "being" in said(given) or "Sending to Plex" in said(given)
    await stage.run_jobs()
    [share] = stage.shares()
    assert titles(share) == ["Films"]
    assert await stage.state_of(stage.bob) == "sent"
    [message] = stage.dms(stage.bob)
    assert "Now accept on Plex" in words(message)
    stage.plex.world.accept(share.share_id)
    await stage.pass_time(seconds=61)
    text, _ = await panel(stage, stage.bob)
    assert f"<@{stage.alice.id}>: gave access" in text
    assert "Active since" in text
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert invite.expires_at is not None
    assert abs(invite.expires_at - stage.clock.now() - timedelta(days=30)) < timedelta(minutes=5)
    assert len(stage.cards()) == before


async def test_grant_what_cannot_be(stage: Stage) -> None:
    """Whoever has one, a taken or wrong account, the owner's, oneself, bots: named, and refused."""
    await stage.requested(stage.carol, "carol@example.org")
    await stage.active(stage.rita, "rita@example.org")
    owner = stage.plex.world.owner.username
    async with stage.nothing_changes():
        for who, login, sentence, more in (
            (stage.carol, "x@example.org", "has asked for access already", {}),
            (stage.rita, "x@example.org", "has an invite already, which is active", {}),
            (stage.bob, "carol@example.org", f"is already <@{stage.carol.id}>'s", {}),
            (stage.bob, "RITA@example.org", f"is already <@{stage.rita.id}>'s", {}),
            (stage.bob, "not an address@", "not a complete e-mail address", {}),
            (stage.bob, owner, "owns the Plex server", {}),
            (stage.alice, "alice@example.org", "That is your own access", {}),
            (stage.bob, "bob@example.org", "tier does not exist", {"tier": "Nowhere"}),
            (stage.bob, "bob@example.org", "cannot read", {"until": "forever"}),
        ):
            told = await grant(stage, who, login, **more)
            assert sentence in refusal(told).replace("\\", ""), login


async def test_grant_offers_the_tiers(stage: Stage) -> None:
    """Autocomplete names them."""
    await tier(stage, "Small", "Films")
    offered = await stage.alice.autocomplete(
        stage.world.access_requests, "access grant", "tier", "sm", member=stage.bob, login="x"
    )
    assert [choice["name"] for choice in offered] == ["Small"]


# -- import ---------------------------------------------------------------------------------------


async def test_nobody_to_import(stage: Stage) -> None:
    """Everybody is known: one sentence."""
    await stage.active(stage.bob)
    shown = await stage.slash(stage.alice, "access import")
    assert "Everybody whom Plex shares with is known here" in said(shown)


async def test_import(stage: Stage) -> None:
    """The share stays as it is; from then on it is suspended, restored and ended like anybody's."""
    await tier(stage, "Small", "Films", "Photos")
    share = await shared_by_hand(stage, "dave", "Films", "Photos")
    share.settings.update({"allowSync": True})
    before = as_given(share)
    stage.plex.world.requests.clear()
    message = await opened(stage, "dave")
    assert "Libraries: Films, Photos" in words(message)
    chosen = [o["label"] for o in parts(message, 3)[0]["options"] if o.get("default")]
    assert chosen == ["Small"]
    async with stage.nothing_changes():
        await choose_member(stage, message, stage.bob)
        assert f"Is dave <@{stage.bob.id}>?" in words(message)
    await stage.alice.click(message, label="Yes, that is them")
    assert f"dave is <@{stage.bob.id}>" in words(message)
    await stage.run_jobs()
    assert stage.plex_changes() == []
    assert stage.dms(stage.bob) == []
    assert stage.cards() == []
    assert "You're in" in (await my_plex(stage, stage.bob))[0]
    text, buttons = await panel(stage, stage.bob)
    assert "matched an account on Plex with the member" in text
    assert "Tier: Small" in text
    assert buttons == ["Extend", "Suspend", "End access"]
    await compared(stage)
    assert "Everybody whom" in said(await stage.slash(stage.alice, "access import"))
    await access(stage, "suspend", stage.bob)
    await stage.run_jobs()
    assert stage.shares() == []
    await access(stage, "restore", stage.bob)
    await stage.run_jobs()
    [again] = stage.shares()
    assert as_given(again) == before
    await access(stage, "revoke", stage.bob)
    await stage.run_jobs()
    assert stage.shares() == []
    assert stage.cards() == []


async def test_import_somebody_who_has_not_accepted(stage: Stage) -> None:
    """They are invited, not active; and accepting is noticed like anybody's."""
    await lasting(stage, 30)
    share = await shared_by_hand(stage, "dave@example.org", accepted=False)
    message = await opened(stage, "dave")
    assert "not accepted yet" in words(message)
    await choose_member(stage, message, stage.bob)
    await stage.alice.click(message, label="Yes, that is them")
    assert await stage.state_of(stage.bob) == "sent"
    await stage.pass_time(days=15)
    assert await stage.state_of(stage.bob) == "sent"
    stage.plex.world.accept(share.share_id)
    await compared(stage)
    invite = await stage.invite_of(stage.bob)
    assert invite is not None
    assert invite.state == "active"
    assert invite.expires_at is not None


async def test_another_tier_and_its_time(stage: Stage) -> None:
    """The tier is chosen by hand; where it lasts for some days, they begin, and that is said."""
    await tier(stage, "Month", "Films", days=30)
    await shared_by_hand(stage, "dave", "Films", "Photos")
    message = await opened(stage, "dave")
    menu = parts(message, 3)[0]
    [month] = [one["value"] for one in menu["options"] if one["label"] == "Month"]
    await stage.alice.select(message, [month], custom_id=menu["custom_id"])
    await choose_member(stage, message, stage.bob)
    assert "Their 30 days in this tier begin now." in words(message)
    await stage.alice.click(message, label="Yes, that is them")
    assert "Ends <t:" in words(message)


async def test_who_cannot_be_matched(stage: Stage) -> None:
    """Somebody with a request or with access, or a bot: refused, and nothing changes."""
    await shared_by_hand(stage, "dave", "Films")
    await stage.active(stage.rita, "rita@example.org")
    await stage.requested(stage.bob)
    beep = stage.world.guild.add_member(stage.env.create_user("beep", bot=True))
    async with stage.nothing_changes():
        for who, sentence in (
            (stage.bob, "has asked for access already"),
            (stage.rita, "has an invite already, which is active"),
            (beep, "is a bot"),
        ):
            message = await opened(stage, "dave")
            await choose_member(stage, message, who)
            told = await stage.alice.click(message, label="Yes, that is them")
            assert sentence in refusal(told)


async def test_a_share_that_has_vanished(stage: Stage) -> None:
    """Taken away on Plex a moment ago: it is refused, and off the list at once."""
    share = await shared_by_hand(stage, "dave", "Films")
    message = await opened(stage, "dave")
    await choose_member(stage, message, stage.bob)
    stage.plex.world.revoke(share)
    told = await stage.alice.click(message, label="Yes, that is them")
    assert "Plex does not share with that account any more" in refusal(told)
    assert await stage.state_of(stage.bob) is None
    assert "Everybody whom" in said(await stage.slash(stage.alice, "access import"))


async def test_whoever_asks_with_that_account_takes_it_over(stage: Stage) -> None:
    """A member's own request finds the share: it is theirs, with what it lacked, and off the list.

    An admin who was just about to match it with somebody else is told whose it is.
    """
    share = await shared_by_hand(stage, "dave", "Films", "Photos")
    message = await opened(stage, "dave")
    await choose_member(stage, message, stage.carol)
    await stage.requested(stage.bob, "dave")
    await stage.alice.click(stage.card(), label="Approve")
    await stage.run_jobs()
    assert [one.share_id for one in stage.shares()] == [share.share_id]
    assert await stage.state_of(stage.bob) == "active"
    async with stage.nothing_changes():
        told = await stage.alice.click(message, label="Yes, that is them")
        assert f"That account is known already: it is <@{stage.bob.id}>'s" in refusal(told)
    await compared(stage)
    assert "Everybody whom" in said(await stage.slash(stage.alice, "access import"))


async def test_many_to_import(stage: Stage) -> None:
    """They come by pages, with the way back; addresses are masked."""
    server = stage.plex.world.server
    for number in range(12):
        login = f"guest{number}@example.org"
        some = (server.libraries[0].id,)
        stage.plex.world.invite(Invitation(server.machine_identifier, some, login=login))
    await compared(stage)
    message = (await stage.slash(stage.alice, "access import")).response
    assert "12 accounts on Plex are not known here" in words(message)
    assert len(parts(message, 3)[0]["options"]) == 10
    assert "guest" not in words(message)
    await stage.alice.click(message, label="Later ones")
    assert len(parts(message, 3)[0]["options"]) == 2
    assert set(options(message)) == {"g***@example.org"}
    await stage.alice.click(message, label="Earlier ones")
    assert "Later ones" in labels(message)
