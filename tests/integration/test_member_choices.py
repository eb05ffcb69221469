"""What a member of a guild has chosen stays, and is theirs alone."""

from datetime import UTC, datetime, timedelta

from story import ALICE, BOB, GUILD, Story

from bot.domain.members import Member

NOW = datetime(2026, 3, 1, tzinfo=UTC)


async def test_choices_stand_side_by_side(story: Story) -> None:
    """A language, no direct messages and what was read are kept for one member, each for itself."""
    async with story.ledger.begin() as work:
        await work.guilds.ensure(GUILD)
        assert await work.members.get(GUILD, BOB) == Member()
        await work.members.set_locale(GUILD, BOB, "de")
        await work.members.set_dms_off(GUILD, BOB, True)
        await work.members.read_streaming(GUILD, BOB, NOW)
        await work.members.read_streaming(GUILD, BOB, NOW + timedelta(days=1))
        await work.commit()
    async with story.ledger.begin() as work:
        chosen = Member("de", dms_off=True, streaming_read_at=NOW)
        assert await work.members.get(GUILD, BOB) == chosen
        assert await work.members.of_guild(GUILD, {ALICE, BOB}) == {BOB: chosen}
        await work.members.set_locale(GUILD, BOB, None)
        assert (await work.members.get(GUILD, BOB)).locale is None
        await work.members.forget(GUILD, BOB)
        assert await work.members.get(GUILD, BOB) == Member()
        await work.commit()
