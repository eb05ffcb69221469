"""Discord's rules that simcord leaves out, applied before and after it answers."""

import re
from typing import Any

from sandbox.discord.hooks import Backend, BackendError, bot_is_in, message_payload

# Interaction and webhook tokens stand in the path, so these need no bot token.
_TOKEN_IN_PATH = re.compile(r"/(?:interactions/\d+/[^/]+/callback|webhooks/\d+/[^/]+(?:/.*)?)")
_WEBHOOK = re.compile(r"/webhooks/\d+/([^/]+)(?:/.*)?")
_GUILD = re.compile(r"(?:/applications/\d+)?/guilds/(\d+)(?:/.*)?")
_CHANNEL = re.compile(r"/channels/(\d+)(?:/.*)?")
_SEND = re.compile(r"/channels/(\d+)/messages")

# "It will be checked for uniqueness in the past few minutes":
# https://discord.com/developers/docs/resources/message#create-message
_NONCE_SECONDS = 300.0


def needs_token(path: str) -> bool:
    """Whether Discord asks for the bot's token on this path."""
    return _TOKEN_IN_PATH.fullmatch(path) is None and path != "/gateway"


class Rules:
    """What one world remembers to apply them: nonces, closed DMs, switched-on intents."""

    def __init__(self, backend: Backend, *, flags: int) -> None:
        self._backend = backend
        self._flags = flags
        self._nonces: dict[str, tuple[int, int, float]] = {}
        self.closed_dms: set[int] = set()

    def before(self, method: str, path: str, body: Any) -> Any:
        """Refuse the request (BackendError), answer it (JSON), or let it pass (None)."""
        self._refuse_expired_token(path)
        self._refuse_outsider(path)
        sent = _SEND.fullmatch(path) if method == "POST" else None
        if sent is None or not isinstance(body, dict):
            return None
        self._refuse_closed_dm(int(sent[1]))
        return self._answer_repeated_nonce(body)

    def after(self, method: str, path: str, body: Any, query: dict[str, str], answer: Any) -> Any:
        """The answer as Discord gives it, from simcord's; None stands for 204."""
        if path == "/oauth2/applications/@me":
            return {**answer, "flags": self._flags}
        if path == "/users/@me/guilds":
            return [item for item in answer if bot_is_in(self._backend, int(item["id"]))]
        if path.endswith("/callback"):
            return answer if query.get("with_response") in ("1", "true") else None
        if method == "POST" and _SEND.fullmatch(path) and body and body.get("nonce") is not None:
            self._remember_nonce(str(body["nonce"]), answer)
            return {**answer, "nonce": body["nonce"]}
        return answer

    def _refuse_expired_token(self, path: str) -> None:
        found = _WEBHOOK.fullmatch(path)
        number = self._backend.interaction_tokens.get(found[1]) if found else None
        if number is None:
            return
        expires = self._backend.interactions[number].expires_at
        if expires is not None and self._backend.now_iso() >= expires:
            # 401 and not 404: https://github.com/discord/discord-api-docs/issues/6851
            raise BackendError(401, 50027, "Invalid Webhook Token")

    def _refuse_outsider(self, path: str) -> None:
        """A guild that the bot is not in is unknown to it, and everything in it out of reach.

        10004 for the guild itself is evidenced; 50001 for everything else in it is too, but not
        for every single route.
        """
        guild_id: int | None = None
        if found := _GUILD.fullmatch(path):
            guild_id = int(found[1])
        elif found := _CHANNEL.fullmatch(path):
            channel = self._backend.channels.get(int(found[1]))
            guild_id = channel.guild_id if channel else None
        if guild_id not in self._backend.guilds or bot_is_in(self._backend, guild_id):
            return
        if path == f"/guilds/{guild_id}":
            raise BackendError(404, 10004, "Unknown Guild")
        raise BackendError(403, 50001, "Missing Access")

    def _refuse_closed_dm(self, channel_id: int) -> None:
        channel = self._backend.channels.get(channel_id)
        if channel and channel.guild_id is None and self.closed_dms & set(channel.recipient_ids):
            raise BackendError(403, 50007, "Cannot send messages to this user")

    def _answer_repeated_nonce(self, body: dict[str, Any]) -> Any:
        if not body.get("enforce_nonce") or body.get("nonce") is None:
            return None
        channel_id, message_id, at = self._nonces.get(str(body["nonce"]), (0, 0, 0.0))
        if not message_id or self._backend.clock.elapsed - at > _NONCE_SECONDS:
            return None
        return self._existing(channel_id, message_id, body["nonce"])

    def _existing(self, channel_id: int, message_id: int, nonce: Any) -> Any:
        message = self._backend.messages.get(channel_id, {}).get(message_id)
        return message and {**message_payload(self._backend, message), "nonce": nonce}

    def _remember_nonce(self, nonce: str, answer: dict[str, Any]) -> None:
        self._nonces[nonce] = (
            int(answer["channel_id"]),
            int(answer["id"]),
            self._backend.clock.elapsed,
        )
