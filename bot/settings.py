"""Typed settings, read from the environment and `.env` (prefix `HELPR_`, sections by `__`).

Built in `main`, never at import. A wrong value becomes ONE sentence that names the variable;
the value itself is never repeated, because it may be a secret.
"""

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import platformdirs
from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

PREFIX = "HELPR_"
# Read by the test suite, not by the program.
FOREIGN_NAMES = {"HELPR_DISCORD_OPENAPI", "HELPR_E2E_SCREENSHOTS"}
SECRET_KEY_LENGTH = 32
_WHOLE_SECTION = (
    "A section such as HELPR_DISCORD was set as a whole: set its parts, "
    "for example HELPR_DISCORD__TOKEN=MTIzNDU2.abc.def"
)


class SettingsError(Exception):
    """A setting is missing or wrong; the text is one sentence for the operator."""


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("it should start with http:// or https://")
    return value.rstrip("/")


def _websocket_url(value: str) -> str:
    if not value.startswith(("ws://", "wss://")):
        raise ValueError("it should start with ws:// or wss://")
    return value


def _database_url(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if text.partition("://")[0] not in {"postgres", "postgresql", "postgresql+asyncpg"}:
        raise ValueError("it should start with postgresql://")
    try:
        # Looking at the port is what finds a wrong one.
        _ = urlsplit(text).port
    except ValueError:
        raise ValueError(
            "its host or port cannot be read; characters such as / : @ # [ ] in the password "
            "have to be written as %2F %3A %40 %23 %5B %5D"
        ) from None
    return value


def _one_line(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if any(character.isspace() for character in text):
        raise ValueError("it should hold no spaces or line breaks")
    return SecretStr(text)


HttpUrl = Annotated[str, AfterValidator(_http_url)]
WebSocketUrl = Annotated[str, AfterValidator(_websocket_url)]
Token = Annotated[SecretStr, AfterValidator(_one_line)]
Snowflake = Annotated[int, Field(gt=0, lt=2**63)]


class DiscordSettings(BaseModel):
    """The bot's token, and where Discord is (only a sandbox changes that)."""

    token: Token | None = Field(None, description="your bot's token", examples=["MTIzNDU2.abc.def"])
    api_url: HttpUrl | None = Field(None, examples=["http://127.0.0.1:8787/api/v10"])
    gateway_url: WebSocketUrl | None = Field(None, examples=["ws://127.0.0.1:8787/gw"])


class DatabaseSettings(BaseModel):
    """PostgreSQL. Without a URL the embedded server starts by itself."""

    url: Annotated[SecretStr, AfterValidator(_database_url)] | None = Field(
        None, examples=["postgresql://helpr:password@localhost/helpr"]
    )
    pool_size: int = Field(10, ge=2, le=200, examples=["10"])


class PlexSettings(BaseModel):
    """How Plex is called. `deadline` and `seconds_between_calls` are in seconds."""

    tv_url: HttpUrl | None = Field(None, examples=["http://127.0.0.1:8788"])
    deadline: float = Field(30.0, ge=1, le=300, examples=["30"])
    seconds_between_calls: float = Field(0.2, ge=0, le=60, examples=["0.2"])


class HomeSettings(BaseModel):
    """One guild connected to one Plex server without the guided path."""

    guild_id: Snowflake | None = Field(None, examples=["123456789012345678"])
    plex_url: HttpUrl | None = Field(None, examples=["http://192.168.1.10:32400"])
    plex_token: Token | None = Field(None, examples=["xXxXxXxXxXxXxXxXxXxX"])
    request_channel_id: Snowflake | None = Field(None, examples=["123456789012345679"])
    reviewer_role_id: Snowflake | None = Field(None, examples=["123456789012345680"])

    @model_validator(mode="after")
    def _all_or_none(self) -> "HomeSettings":
        needed = {
            "HELPR_HOME__GUILD_ID": self.guild_id,
            "HELPR_HOME__PLEX_URL": self.plex_url,
            "HELPR_HOME__PLEX_TOKEN": self.plex_token,
        }
        rest = (self.request_channel_id, self.reviewer_role_id)
        if any(value is not None for value in (*needed.values(), *rest)):
            for name, value in needed.items():
                if value is None:
                    # The model has no single field to blame, so the name travels in the message.
                    raise ValueError(f"{name} is missing while other HELPR_HOME__ settings are set")
        return self


class HttpSettings(BaseModel):
    """Where /healthz, /readyz and /metrics answer. Port 0 takes any free port."""

    host: str = Field("127.0.0.1", examples=["127.0.0.1"])
    port: int = Field(8080, ge=0, le=65535, examples=["8080"])


class LogSettings(BaseModel):
    """`auto` is colours on a terminal and JSON elsewhere."""

    format: Literal["auto", "json", "console"] = Field("auto", examples=["json"])
    level: Literal["debug", "info", "warning", "error"] = Field("info", examples=["info"])


class LimitSettings(BaseModel):
    """How often one person may do things. 0 switches a limit off."""

    invite_per_minute: int = Field(5, ge=0, le=10_000, examples=["5"])
    invite_per_hour: int = Field(20, ge=0, le=10_000, examples=["20"])
    all_per_hour: int = Field(50, ge=0, le=10_000, examples=["50"])
    all_per_day: int = Field(200, ge=0, le=10_000, examples=["200"])


class ReconcileSettings(BaseModel):
    """Seconds between two looks at Plex while an invite is pending there."""

    interval: float = Field(60.0, ge=1, le=86_400, examples=["60"])


class Settings(BaseSettings):
    """Everything that the operator may set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    discord: DiscordSettings = DiscordSettings()
    database: DatabaseSettings = DatabaseSettings()
    plex: PlexSettings = PlexSettings()
    home: HomeSettings = HomeSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    limits: LimitSettings = LimitSettings()
    reconcile: ReconcileSettings = ReconcileSettings()
    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("helpr")),
        examples=["/var/lib/helpr"],
    )
    secret_key: SecretStr | None = Field(None, examples=["the output of: openssl rand -base64 32"])

    def bot_token(self) -> str:
        """The bot's token; raises `SettingsError` when there is none."""
        if self.discord.token is None:
            raise SettingsError(
                "HELPR_DISCORD__TOKEN is missing: set it to your bot's token from Discord's "
                "developer portal, for example HELPR_DISCORD__TOKEN=MTIzNDU2.abc.def"
            )
        return self.discord.token.get_secret_value()

    def secret_keys(self) -> list[str]:
        """The keys of `HELPR_SECRET_KEY`, newest first; empty when it is unset.

        Raises `SettingsError` for a key shorter than 32 characters.
        """
        if self.secret_key is None:
            return []
        keys = [key.strip() for key in self.secret_key.get_secret_value().split(",")]
        if any(len(key) < SECRET_KEY_LENGTH for key in keys):
            raise SettingsError(
                "HELPR_SECRET_KEY is wrong: each key should have at least "
                f"{SECRET_KEY_LENGTH} characters, several are separated by commas, newest first, "
                "for example HELPR_SECRET_KEY=$(openssl rand -base64 32)"
            )
        return keys


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment; raises `SettingsError` with one sentence."""
    try:
        settings = Settings(_env_file=env_file)
    except ValidationError as error:
        raise SettingsError(
            _sentence(error.errors(include_input=False, include_url=False))
        ) from None
    except SourceError:
        raise SettingsError(_WHOLE_SECTION) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{env_file} cannot be read: save it as UTF-8 text") from None
    settings.secret_keys()
    return settings


def unknown_names(env_file: Path | None = Path(".env")) -> list[str]:
    """One sentence for each `HELPR_*` name that is no setting, with the likely meant one."""
    given = {name.upper() for name in os.environ}
    if env_file is not None and env_file.is_file():
        given |= {name.upper() for name in dotenv_values(env_file)}
    known = {name for name, _ in setting_names()} | FOREIGN_NAMES
    sentences = []
    for name in sorted(n for n in given if n.startswith(PREFIX) and n not in known):
        near = difflib.get_close_matches(name, known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        sentences.append(f"{name} is not a setting of Helpr and is ignored{meant}")
    return sentences


def setting_names() -> Iterator[tuple[str, str]]:
    """Each setting's variable and an example of its value."""
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            for part, inner in section.model_fields.items():
                yield f"{PREFIX}{name}__{part}".upper(), str((inner.examples or [""])[0])
        else:
            yield f"{PREFIX}{name}".upper(), str((field.examples or [""])[0])


def _sentence(errors: list[ErrorDetails]) -> str:
    first = errors[0]
    if first["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        return _WHOLE_SECTION
    context: Mapping[str, object] = first.get("ctx", {})
    what = str(context["error"]) if first["type"] == "value_error" else first["msg"]
    if what.startswith(PREFIX):
        name = what.split()[0]
        text = what
    else:
        name = PREFIX + "__".join(str(part) for part in first["loc"]).upper()
        text = f"{name} is wrong: {what[0].lower()}{what[1:]}"
    example = dict(setting_names()).get(name, "")
    return f"{text}, for example {name}={example}" if example else text
