"""The guild that the demo and the tests play in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import discord
import simcord

from sandbox.discord.hooks import backend_of, born_at

# Fixed instants, so that ids are the same in every world and a kept database meets its guild again.
_GUILD_BORN = datetime(2022, 5, 14, 17, 30, tzinfo=UTC)
_ALICE_BORN = datetime(2017, 3, 2, 9, 15, tzinfo=UTC)
_RITA_BORN = datetime(2019, 10, 20, 20, 5, tzinfo=UTC)
_BOB_BORN = datetime(2021, 6, 11, 12, 0, tzinfo=UTC)
_BOB_JOINED = datetime(2024, 2, 3, 18, 45, tzinfo=UTC)
# Carol's account is young, which reviewers should notice.
_CAROL_AGE = timedelta(days=3)

_SEES = {"view_channel": True, "read_message_history": True, "send_messages": True}


@dataclass(frozen=True)
class World:
    """The guild "Home Media", its channels, roles and people, as simcord handles.

    Alice holds Admins (Manage Server), Rita holds Reviewers; Bob and Carol hold nothing.
    #access-requests is hidden from everyone but Admins, Reviewers and the bot.
    """

    guild: simcord.GuildHandle
    get_access: simcord.ChannelHandle
    access_requests: simcord.ChannelHandle
    admins: simcord.RoleHandle
    reviewers: simcord.RoleHandle
    viewers: simcord.RoleHandle
    alice: simcord.MemberActor
    bob: simcord.MemberActor
    rita: simcord.MemberActor
    carol: simcord.MemberActor

    @property
    def people(self) -> dict[str, simcord.MemberActor]:
        """Everybody by their name in lower case."""
        return {item.name: item for item in (self.alice, self.bob, self.rita, self.carol)}


async def demo_world(env: simcord.Env) -> World:
    """Build the guild in a started world, in process or over the wire."""
    with born_at(env, _GUILD_BORN):
        guild = env.create_guild("Home Media")
        # Each new role goes in at the bottom; the bot's own was made with the guild.
        admins = guild.create_role("Admins", permissions=_admin_rights(), color=0x5865F2)
        reviewers = guild.create_role("Reviewers", color=0x3BA55D)
        viewers = guild.create_role("Viewers", color=0xFAA61A)
        bots = guild.roles[backend_of(env).bot_user.name]
        _order_roles(env, guild, bots, admins)
        get_access = guild.create_text_channel("get-access", topic="Ask for access to Home Media")
        access_requests = _private_channel(guild, [admins, reviewers, bots])
    alice = _member(env, guild, "Alice", born=_ALICE_BORN, joined=_GUILD_BORN, roles=[admins])
    rita = _member(env, guild, "Rita", born=_RITA_BORN, joined=_GUILD_BORN, roles=[reviewers])
    bob = _member(env, guild, "Bob", born=_BOB_BORN, joined=_BOB_JOINED, roles=[])
    now = env.now()
    carol = _member(env, guild, "Carol", born=now - _CAROL_AGE, joined=now, roles=[])
    await env.settle()
    return World(
        guild=guild,
        get_access=get_access,
        access_requests=access_requests,
        admins=admins,
        reviewers=reviewers,
        viewers=viewers,
        alice=alice,
        bob=bob,
        rita=rita,
        carol=carol,
    )


def _admin_rights() -> discord.Permissions:
    return discord.Permissions(manage_guild=True, manage_roles=True, manage_channels=True)


def _bot_rights() -> discord.Permissions:
    """What an operator grants Helpr: to speak, to give roles, to invite; no more."""
    return discord.Permissions(
        **_SEES,
        embed_links=True,
        attach_files=True,
        use_external_emojis=True,
        manage_roles=True,
        create_instant_invite=True,
    )


def _order_roles(
    env: simcord.Env, guild: simcord.GuildHandle, bots: simcord.RoleHandle, top: simcord.RoleHandle
) -> None:
    """Put Admins above the bot and everything else below it, and trim the bot's rights."""
    backend = backend_of(env)
    highest = max(role.position for role in backend.get_guild(guild.id).roles.values())
    rights = {"permissions": _bot_rights().value, "position": highest - 1}
    backend.edit_role(guild.id, bots.id, rights)
    backend.edit_role(guild.id, top.id, {"position": highest})


def _private_channel(
    guild: simcord.GuildHandle, roles: list[simcord.RoleHandle]
) -> simcord.ChannelHandle:
    allowed = discord.PermissionOverwrite(view_channel=True)
    hidden = discord.PermissionOverwrite(view_channel=False)
    return guild.create_text_channel(
        "access-requests",
        topic="Requests wait here for a decision",
        overwrites={guild.default_role: hidden, **dict.fromkeys(roles, allowed)},
    )


def _member(
    env: simcord.Env,
    guild: simcord.GuildHandle,
    shown: str,
    *,
    born: datetime,
    joined: datetime,
    roles: list[simcord.RoleHandle],
) -> simcord.MemberActor:
    with born_at(env, born):
        user = env.create_user(shown.lower(), global_name=shown)
    with born_at(env, joined):
        return guild.add_member(user, roles=roles)
