"""A test of what the bot may do in a server, and how to mend what it may not."""

from collections.abc import Collection
from dataclasses import dataclass

import discord

from bot.i18n import Texts
from bot.ui.places import permission_names

IN_CHANNEL = ("view_channel", "send_messages", "read_message_history")
IN_THREAD = ("view_channel", "send_messages_in_threads", "read_message_history")


@dataclass(frozen=True, slots=True)
class Rights:
    """What the bot lacks, by Discord's names in its API.

    `too_high` are tiers' roles that stand above the bot's own. `channel_id` is None where no
    channel was chosen, or Discord has not named it.
    """

    channel_id: int | None = None
    in_channel: tuple[str, ...] = ()
    is_channel_gone: bool = False
    gives_roles: bool = False
    manage_roles: bool = True
    too_high: tuple[int, ...] = ()
    create_invite: bool = True

    @property
    def is_well(self) -> bool:
        """Nothing is missing that is needed as the server is set up now."""
        roles_well = not self.gives_roles or (self.manage_roles and not self.too_high)
        return not self.in_channel and not self.is_channel_gone and roles_well


def look(guild: discord.Guild, channel_id: int | None, role_ids: Collection[int]) -> Rights:
    """What the bot may do, as the gateway has told it; `role_ids` are those that tiers give."""
    me, channel = guild.me, guild.get_channel_or_thread(channel_id) if channel_id else None
    in_channel: tuple[str, ...] = ()
    if isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        has = channel.permissions_for(me)
        needed = IN_THREAD if isinstance(channel, discord.Thread) else IN_CHANNEL
        in_channel = tuple(name for name in needed if not getattr(has, name))
    roles = [role for id_ in role_ids if (role := guild.get_role(id_)) is not None]
    return Rights(
        channel_id=channel_id,
        in_channel=in_channel,
        gives_roles=bool(role_ids),
        manage_roles=me.guild_permissions.manage_roles,
        too_high=tuple(role.id for role in roles if role >= me.top_role),
        create_invite=me.guild_permissions.create_instant_invite,
    )


def rights_lines(rights: Rights, t: Texts) -> list[str]:
    """Each right that was tested, and what to do about one that is missing."""
    return [*_channel_lines(rights, t), *_role_lines(rights, t), *_invite_lines(rights, t)]


def _channel_lines(rights: Rights, t: Texts) -> list[str]:
    if rights.channel_id is None:
        return []
    channel = f"<#{rights.channel_id}>"
    if rights.is_channel_gone:
        return ["❌ " + t("I cannot find that channel any more. Choose another one.")]
    if not rights.in_channel:
        return ["✅ " + t("I can show requests in {channel}.", channel=channel)]
    named = permission_names(rights.in_channel, t)
    return [
        "❌ "
        + t(
            "In {channel} I lack: {permissions}. Open the channel's settings, Permissions, add my"
            " role there, and allow it.",
            channel=channel,
            permissions=named,
        )
    ]


def _role_lines(rights: Rights, t: Texts) -> list[str]:
    if not rights.gives_roles:
        return []
    if not rights.manage_roles:
        named = permission_names(["manage_roles"], t)
        return [
            "❌ "
            + t(
                "A tier gives a role, and I lack {permissions}. Open Server Settings, Roles, my"
                " role, Permissions, and allow it.",
                permissions=named,
            )
        ]
    if rights.too_high:
        roles = t.list(f"<@&{id_}>" for id_ in rights.too_high)
        return [
            "❌ "
            + t(
                "{roles} stands above my own role, so I cannot give it. Open Server Settings,"
                " Roles, and drag my role above it.",
                roles=roles,
            )
        ]
    return ["✅ " + t("I can give the tiers' roles.")]


def _invite_lines(rights: Rights, t: Texts) -> list[str]:
    if rights.create_invite:
        return ["✅ " + t("I can make Discord invites for codes.")]
    named = permission_names(["create_instant_invite"], t)
    return [
        "⚪ "
        + t(
            "For codes that come with a Discord invite: allow me {permissions} in"
            " Server Settings, Roles, my role, Permissions.",
            permissions=named,
        )
    ]
