"""What reaches a bot although Discord's client would not let a person do it, and other hooks.

Every private part of simcord that the acceptance tests lean on is in this module (the sandbox has
its own, `sandbox.discord.hooks`). `test_harness.py` is its smoke test.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import discord
import simcord
from simcord import interactions
from simcord.backend import serializers
from simcord.backend.models import Overwrite
from simcord.enums import AppCommandType, ComponentType, InteractionType, OverwriteType
from simcord.results import InteractionResult

# A deferred answer would cost a flat 50 ms: that is how long simcord waits for a busy task before
# it looks again whether all is quiet.
simcord.Env._settle_internal.__kwdefaults__["idle"] = 0.002

Person = simcord.MemberActor | simcord.UserHandle
V2_FLAG = 1 << 15


async def command(
    env: simcord.Env, who: Person, channel: simcord.ChannelHandle, name: str, /, **options: Any
) -> InteractionResult:
    """A slash command that the client may well hide from this person in this place."""
    root, *path = name.split()
    registered = env.backend.find_command(root, None)
    leaf, nesting = interactions.walk_to_subcommand(registered, path)
    given, _ = interactions.build_options(who, name, leaf, options, channel_id=channel.id)
    data = {
        "id": registered["id"],
        "name": root,
        "type": AppCommandType.CHAT_INPUT,
        "options": interactions.nest_options(registered, nesting, given),
    }
    return await _deliver(env, who, InteractionType.APPLICATION_COMMAND, channel, data)


async def menu(
    env: simcord.Env,
    who: Person,
    channel: simcord.ChannelHandle,
    name: str,
    target: simcord.MemberActor,
) -> InteractionResult:
    """An entry of the menu of a person, which the client may well hide."""
    registered = env.backend.find_command(name, None, AppCommandType.USER)
    user = dict(serializers.user_payload(env.backend.get_user(target.id)))
    data = {
        "id": registered["id"],
        "name": name,
        "type": AppCommandType.USER,
        "target_id": str(target.id),
        "resolved": {"users": {str(target.id): user}},
    }
    return await _deliver(env, who, InteractionType.APPLICATION_COMMAND, channel, data)


@contextmanager
def delivered_twice(env: simcord.Env) -> Iterator[None]:
    """Every interaction reaches the bot two times, as it can around a reconnect."""
    deliver = env.backend.emit

    def emit(event: str, payload: Any) -> None:
        deliver(event, payload)
        if event == "INTERACTION_CREATE":
            deliver(event, payload)

    env.backend.emit = emit  # type: ignore[method-assign]
    try:
        yield
    finally:
        env.backend.emit = deliver  # type: ignore[method-assign]


async def press(
    env: simcord.Env,
    who: Person,
    channel: simcord.ChannelHandle,
    item: Mapping[str, Any],
    on: Any = None,
) -> InteractionResult:
    """A button or menu (as Discord carries it) pressed, whether or not a message shows it."""
    [result] = await presses(env, [(who, channel, item)], on)
    return result


async def presses(
    env: simcord.Env,
    all_at_once: list[tuple[Person, simcord.ChannelHandle, Mapping[str, Any]]],
    on: Any = None,
) -> list[InteractionResult]:
    """Several presses that are under way at the same time."""
    records = []
    for who, channel, item in all_at_once:
        data: dict[str, Any] = {"custom_id": item["custom_id"], "component_type": item["type"]}
        if item["type"] == ComponentType.STRING_SELECT:
            data["values"] = [option["value"] for option in item.get("options", [])]
        elif "values" in item:
            # Ids that Discord has not found, as it names none beside them.
            data["values"] = item["values"]
        message = _message_with(env, channel, item)
        record = _emit(
            env,
            who,
            InteractionType.MESSAGE_COMPONENT,
            channel,
            data,
            message=message if on is None else {**message, "id": str(on.id)},
        )
        record.source_message_id = on.id if on is not None else None
        records.append(record)
    await env._settle_internal(dispatch="INTERACTION_CREATE")
    return [InteractionResult(env, record) for record in records]


async def submit(
    env: simcord.Env,
    who: Person,
    channel: simcord.ChannelHandle,
    custom_id: str,
    typed: Mapping[str, str] | None = None,
) -> InteractionResult:
    """A modal sent with whatever text, longer and other than its fields allow included."""
    fields = [
        {
            "type": 18,
            "id": n,
            "component": {"type": 4, "id": 100 + n, "custom_id": name, "value": v},
        }
        for n, (name, v) in enumerate((typed or {}).items(), 1)
    ]
    data = {"custom_id": custom_id, "components": fields}
    return await _deliver(env, who, InteractionType.MODAL_SUBMIT, channel, data)


async def _deliver(
    env: simcord.Env, who: Person, kind: int, channel: simcord.ChannelHandle, data: dict[str, Any]
) -> InteractionResult:
    record = _emit(env, who, kind, channel, data)
    await env._settle_internal(dispatch="INTERACTION_CREATE")
    return InteractionResult(env, record)


def _emit(
    env: simcord.Env,
    who: Person,
    kind: int,
    channel: simcord.ChannelHandle,
    data: dict[str, Any],
    *,
    message: dict[str, Any] | None = None,
) -> Any:
    guild = getattr(who, "guild", None)
    record, payload = interactions.base_payload(
        env.backend,
        type=kind,
        channel_id=channel.id,
        guild_id=guild.id if guild is not None else None,
        user_id=who.id,
        data=data,
    )
    if message is not None:
        payload["message"] = message
    env.backend.emit("INTERACTION_CREATE", payload)
    return record


def _message_with(
    env: simcord.Env, channel: simcord.ChannelHandle, item: Mapping[str, Any]
) -> dict[str, Any]:
    """A message of the bot's that shows nothing but this button or menu."""
    return {
        "id": str(env.backend.snowflake()),
        "channel_id": str(channel.id),
        "author": {"id": str(env.backend.bot_user.id), "username": "helpr", "discriminator": "0"},
        "content": "",
        "timestamp": env.backend.now_iso(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
        "flags": V2_FLAG,
        "components": [{"type": 1, "id": 1, "components": [dict(item, id=2)]}],
    }


def speak(env: simcord.Env, languages: Mapping[int, str]) -> None:
    """Let interactions carry their person's language; simcord knows American English alone."""
    deliver = env.backend.emit

    def emit(event: str, payload: Any) -> None:
        if event == "INTERACTION_CREATE":
            person = payload.get("user") or payload["member"]["user"]
            payload = {**payload, "locale": languages.get(int(person["id"]), "en-US")}
        deliver(event, payload)

    env.backend.emit = emit  # type: ignore[method-assign]


async def remove_bot(env: simcord.Env, guild: simcord.GuildHandle) -> None:
    """The bot is thrown out; the world keeps the guild, so that a late press can still come."""
    env.backend.emit("GUILD_DELETE", {"id": str(guild.id)})
    await env._settle_internal(dispatch="GUILD_DELETE")


async def readd_bot(env: simcord.Env, guild: simcord.GuildHandle) -> None:
    """The bot is added to the guild again."""
    payload = serializers.guild_create_payload(env.backend, env.backend.get_guild(guild.id))
    # Discord says it of a guild that comes back from an outage, and not of one that was joined.
    env.backend.emit("GUILD_CREATE", {k: v for k, v in payload.items() if k != "unavailable"})
    await env._settle_internal(dispatch="GUILD_CREATE")


def open_command(env: simcord.Env, guild: simcord.GuildHandle, name: str, to: Any) -> None:
    """An admin lets a role see a command (Server Settings, Integrations)."""
    registered = env.backend.find_command(name, None)
    guild.set_command_permissions(int(registered["id"]), {to: True})


def stop_receiving_dms(env: simcord.Env, who: simcord.MemberActor) -> None:
    """This person takes no direct messages from members of the server."""
    env.inject_error(
        "POST",
        f"/channels/{who.user.dm_channel.id}/messages",
        status=403,
        code=50007,
        message="Cannot send messages to this user",
        times=None,
    )


def private_answers(env: simcord.Env) -> list[tuple[str, Mapping[str, Any]]]:
    """Every answer of the bot's to somebody, as (path, the part that carries its flags)."""
    found = []
    for request in env.http_requests:
        body = request.json or {}
        if request.path.endswith("/callback") and body.get("type") in {4, 5}:
            found.append((request.path, body.get("data") or {}))
        elif request.method == "POST" and request.path.startswith("/webhooks/"):
            found.append((request.path, body))
    return found


async def delete(env: simcord.Env, message: Any) -> None:
    """Somebody who may tidy up deletes a message of the bot's."""
    env.backend.delete_message(message.channel.id, message.id)
    await env._settle_internal(dispatch="MESSAGE_DELETE")


def take_role(env: simcord.Env, who: simcord.MemberActor, role: simcord.RoleHandle) -> None:
    """An admin takes a role from somebody."""
    env.backend.remove_member_role(who.guild.id, who.id, role.id)


async def give_role(env: simcord.Env, who: simcord.MemberActor, role: simcord.RoleHandle) -> None:
    """An admin gives a role to somebody."""
    env.backend.add_member_role(who.guild.id, who.id, role.id)
    await env._settle_internal(dispatch="GUILD_MEMBER_UPDATE")


async def delete_role(env: simcord.Env, role: simcord.RoleHandle, guild_id: int) -> None:
    """An admin deletes a role."""
    env.backend.delete_role(guild_id, role.id)
    await env._settle_internal(dispatch="GUILD_ROLE_DELETE")


async def delete_channel(env: simcord.Env, channel: simcord.ChannelHandle) -> None:
    """Somebody deletes a whole channel, or a thread."""
    env.backend.delete_channel(channel.id)
    await env._settle_internal(dispatch="CHANNEL_DELETE")


async def let_the_bot(
    env: simcord.Env, guild: simcord.GuildHandle, channel: simcord.ChannelHandle, **rights: bool
) -> None:
    """An admin sets what the bot's own role may do in a channel."""
    role = guild.roles[env.backend.bot_user.name]
    given = discord.PermissionOverwrite(**rights)
    allow, deny = given.pair()
    stored = env.backend.get_channel(channel.id)
    others = [one for one in stored.overwrites if one.target_id != role.id]
    mine = Overwrite(role.id, OverwriteType.ROLE, allow.value, deny.value)
    env.backend.edit_channel(channel.id, {}, overwrites=[*others, mine])
    await env._settle_internal(dispatch="CHANNEL_UPDATE")


async def let_the_bot_anywhere(
    env: simcord.Env, guild: simcord.GuildHandle, **rights: bool
) -> None:
    """An admin sets what the bot's own role may do in the whole server."""
    role = env.backend.get_guild(guild.id).roles[guild.roles[env.backend.bot_user.name].id]
    changed = discord.Permissions(int(role.permissions))
    changed.update(**rights)
    env.backend.edit_role(guild.id, role.id, {"permissions": changed.value})
    await env._settle_internal(dispatch="GUILD_ROLE_UPDATE")


async def thread_in(
    env: simcord.Env, guild: simcord.GuildHandle, channel: simcord.ChannelHandle
) -> simcord.ChannelHandle:
    """Somebody opens a thread."""
    made = env.backend.create_thread(channel.id, "requests", env.backend.bot_user.id)
    await env._settle_internal(dispatch="THREAD_CREATE")
    return simcord.ChannelHandle(env, guild, made)


async def close_thread(
    env: simcord.Env, thread: simcord.ChannelHandle, *, locked: bool = False
) -> None:
    """A thread is archived, by silence or, `locked`, by a moderator."""
    env.backend.edit_channel(thread.id, {}, thread_metadata={"archived": True, "locked": locked})
    await env._settle_internal(dispatch="THREAD_UPDATE")


def announce_in(env: simcord.Env, channel: simcord.ChannelHandle) -> None:
    """The server's notices are to go to this channel (its system channel)."""
    env.backend.get_guild(
        env.backend.get_channel(channel.id).guild_id
    ).system_channel_id = channel.id


@contextmanager
def away_from(env: simcord.Env, guild: simcord.GuildHandle) -> Iterator[None]:
    """The bot is not in this guild, which it hears of only when a session begins."""
    guilds = env.backend.guilds
    kept = guilds.pop(guild.id)
    try:
        yield
    finally:
        guilds[guild.id] = kept


def content_of(env: simcord.Env, attachment: Any) -> bytes:
    """A file of a message, as it was sent."""
    found = env.backend.cdn.get(attachment.url)
    assert found is not None
    return found
