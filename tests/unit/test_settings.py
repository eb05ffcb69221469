"""Settings: what the operator may write, and the one sentence that a wrong value gets."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.settings import (
    FOREIGN_NAMES,
    Settings,
    SettingsError,
    load_settings,
    setting_names,
    unknown_names,
)

ROOT = Path(__file__).resolve().parents[2]
TOLD = "s3cret-v4lue"
HOME = {
    "HELPR_HOME__GUILD_ID": "123456789012345678",
    "HELPR_HOME__PLEX_URL": "http://plex.example.org:32400",
    "HELPR_HOME__PLEX_TOKEN": "a-token",
}
Given = Callable[..., None]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    """Set environment variables for this test."""

    def give(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return give


def refusal() -> str:
    """The sentence that the settings are refused with."""
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    assert caught.value.__cause__ is None
    return str(caught.value)


WRONG = [
    ("HELPR_DISCORD__TOKEN", f"two {TOLD}"),
    ("HELPR_DISCORD__TOKEN", f"two\n{TOLD}"),
    ("HELPR_DISCORD__API_URL", f"ftp://{TOLD}"),
    ("HELPR_DISCORD__GATEWAY_URL", f"https://{TOLD}"),
    ("HELPR_DATABASE__URL", f"mysql://helpr:{TOLD}@localhost/helpr"),
    ("HELPR_DATABASE__URL", f"{TOLD}"),
    ("HELPR_DATABASE__URL", f"postgresql://helpr:{TOLD}@localhost:port/helpr"),
    ("HELPR_DATABASE__URL", f"postgresql://helpr:{TOLD}@[localhost/helpr"),
    ("HELPR_DATABASE__URL", f"postgresql://helpr:{TOLD}@localhost:99999/helpr"),
    ("HELPR_DATABASE__POOL_SIZE", TOLD),
    ("HELPR_DATABASE__POOL_SIZE", "1"),
    ("HELPR_PLEX__TV_URL", TOLD),
    ("HELPR_PLEX__DEADLINE", TOLD),
    ("HELPR_PLEX__DEADLINE", "nan"),
    ("HELPR_PLEX__DEADLINE", "0"),
    ("HELPR_PLEX__SECONDS_BETWEEN_CALLS", "-1"),
    ("HELPR_HTTP__PORT", "70000"),
    ("HELPR_HTTP__PORT", TOLD),
    ("HELPR_LOG__FORMAT", TOLD),
    ("HELPR_LOG__LEVEL", TOLD),
    ("HELPR_LIMITS__INVITE_PER_MINUTE", "-5"),
    ("HELPR_LIMITS__ALL_PER_DAY", "1.5"),
    ("HELPR_RECONCILE__INTERVAL", "0"),
    ("HELPR_SECRET_KEY", f"{TOLD},{TOLD}"),
    ("HELPR_SECRET_KEY", f"{'k' * 32},"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_gets_one_sentence(given: Given, name: str, value: str) -> None:
    """A wrong value is answered by one sentence: the variable, what is wrong, an example."""
    given(**{name: value})
    sentence = refusal()
    assert sentence.startswith(f"{name} is wrong: ")
    assert f"for example {name}=" in sentence
    assert "\n" not in sentence
    assert TOLD not in sentence
    assert "input" not in sentence.replace("Input should", "").replace("input should", "")


@pytest.mark.parametrize("name", list(HOME))
@pytest.mark.parametrize("value", [f"spaced {TOLD}", f"nonsense:{TOLD} x"])
def test_a_wrong_value_of_home_gets_one_sentence(given: Given, name: str, value: str) -> None:
    """The same holds for the section of the home server."""
    given(**{**HOME, name: value})
    sentence = refusal()
    assert sentence.startswith(f"{name} is wrong: ")
    assert f"for example {name}=" in sentence
    assert TOLD not in sentence


@pytest.mark.parametrize("value", [TOLD, f'{{"token": 5, "x": "{TOLD}"}}', "5", '["a"]'])
def test_a_section_set_as_a_whole_gets_one_sentence(given: Given, value: str) -> None:
    """Setting a section instead of its parts is answered by one sentence."""
    given(HELPR_DISCORD=value)
    sentence = refusal()
    assert "HELPR_DISCORD" in sentence
    assert "for example" in sentence
    assert TOLD not in sentence


def test_blank_counts_as_unset(given: Given) -> None:
    """A variable without a value is as if it were not there."""
    given(**{name: "" for name, _ in setting_names()})
    settings = load_settings(None)
    assert settings.discord.token is None
    assert settings.database.url is None
    assert settings.secret_keys() == []
    assert settings.http.port == 8080
    assert settings.limits.invite_per_minute == 5


def test_spaces_around_a_token_are_no_harm(given: Given) -> None:
    """A token that was pasted with a space or a line break at its end works."""
    given(HELPR_DISCORD__TOKEN=" abc.def.ghi \n")
    assert load_settings(None).bot_token() == "abc.def.ghi"


@pytest.mark.parametrize("left_out", list(HOME))
def test_home_is_set_whole_or_not_at_all(given: Given, left_out: str) -> None:
    """A part of the home server that is missing is named."""
    given(**{name: value for name, value in HOME.items() if name != left_out})
    sentence = refusal()
    assert sentence.startswith(f"{left_out} is missing")
    assert f"for example {left_out}=" in sentence


@pytest.mark.parametrize("alone", ["REQUEST_CHANNEL_ID", "REVIEWER_ROLE_ID"])
def test_the_rest_of_home_needs_the_home(given: Given, alone: str) -> None:
    """A channel or a role without the home server is refused, and what is missing is named."""
    given(**{f"HELPR_HOME__{alone}": "123456789012345679"})
    assert refusal().startswith("HELPR_HOME__GUILD_ID is missing")


def test_home_set_whole_is_taken(given: Given) -> None:
    """With all three of its parts the home server is there; a slash at the URL's end is no harm."""
    given(**{**HOME, "HELPR_HOME__PLEX_URL": "http://plex.example.org:32400/"})
    home = load_settings(None).home
    assert home.guild_id == 123456789012345678
    assert home.plex_url == "http://plex.example.org:32400"


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "Home Media", str(2**63)])
def test_an_id_of_discord_is_a_whole_number(given: Given, value: str) -> None:
    """What cannot be an id of Discord's is refused."""
    given(**{**HOME, "HELPR_HOME__GUILD_ID": value})
    assert refusal().startswith("HELPR_HOME__GUILD_ID is wrong: ")


def test_several_secret_keys(given: Given) -> None:
    """Several keys are separated by commas, newest first; spaces around them are no harm."""
    given(HELPR_SECRET_KEY=f"{'n' * 32} , {'o' * 40}")
    assert load_settings(None).secret_keys() == ["n" * 32, "o" * 40]


def test_no_bot_token_is_one_sentence(given: Given) -> None:
    """Without a bot token the sentence says where to get one."""
    with pytest.raises(SettingsError, match=r"^HELPR_DISCORD__TOKEN is missing: .*for example"):
        Settings(_env_file=None).bot_token()


@pytest.mark.parametrize(
    "url",
    [
        "postgres://helpr:secret@db/helpr",
        "postgresql://helpr@db:5432/helpr?sslmode=require",
        "postgresql+asyncpg://helpr:p%40ss@[::1]:5432/helpr",
        "postgresql://helpr@/helpr?host=/run/postgresql",
    ],
)
def test_every_usual_database_url_is_taken(given: Given, url: str) -> None:
    """The forms in which PostgreSQL's addresses are written are all understood."""
    given(HELPR_DATABASE__URL=url)
    found = load_settings(None).database.url
    assert found is not None
    assert found.get_secret_value() == url


def test_secrets_never_show(given: Given) -> None:
    """The settings can be printed without giving a secret away."""
    given(
        **HOME,
        HELPR_DISCORD__TOKEN=TOLD,
        HELPR_SECRET_KEY=TOLD * 4,
        HELPR_DATABASE__URL=f"postgresql://helpr:{TOLD}@db/helpr",
    )
    settings = load_settings(None)
    assert TOLD not in f"{settings!r} {settings}"
    assert HOME["HELPR_HOME__PLEX_TOKEN"] not in f"{settings!r} {settings}"


# -- the .env file ----------------------------------------------------------------------------


def test_the_env_file_is_read(tmp_path: Path) -> None:
    """Settings are taken from a `.env` file too."""
    file = tmp_path / ".env"
    file.write_text("# a comment\nHELPR_HTTP__PORT=9000\nHELPR_LOG__LEVEL=debug\n")
    settings = load_settings(file)
    assert (settings.http.port, settings.log.level) == (9000, "debug")


def test_the_environment_wins_over_the_env_file(given: Given, tmp_path: Path) -> None:
    """A variable of the environment is stronger than a line of the `.env` file."""
    file = tmp_path / ".env"
    file.write_text("HELPR_HTTP__PORT=9000\n")
    given(HELPR_HTTP__PORT="9001")
    assert load_settings(file).http.port == 9001


def test_a_blank_variable_leaves_the_env_file_in_force(given: Given, tmp_path: Path) -> None:
    """A blank variable hides nothing that the `.env` file says."""
    file = tmp_path / ".env"
    file.write_text("HELPR_HTTP__PORT=9000\n")
    given(HELPR_HTTP__PORT="")
    assert load_settings(file).http.port == 9000


def test_an_env_file_that_is_no_text_gets_one_sentence(tmp_path: Path) -> None:
    """A `.env` file in an encoding of yesterday is named, without a traceback."""
    file = tmp_path / ".env"
    file.write_bytes("HELPR_LOG__LEVEL=débug\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"UTF-8"):
        load_settings(file)


def test_other_names_in_the_env_file_are_no_harm(tmp_path: Path) -> None:
    """Lines for other programs in the same `.env` file are passed over."""
    file = tmp_path / ".env"
    file.write_text("COMPOSE_PROJECT_NAME=media\nHELPR_HTTP__PORT=9000\n")
    assert load_settings(file).http.port == 9000
    assert unknown_names(file) == []


# -- names that are no settings ---------------------------------------------------------------


def test_an_unknown_name_is_reported_with_the_likely_one(given: Given) -> None:
    """A name with a slip is reported, with the setting that was likely meant, without its value."""
    given(HELPR_DISCORD_TOKEN=TOLD)
    [sentence] = unknown_names(None)
    assert sentence.startswith("HELPR_DISCORD_TOKEN is not a setting of Helpr")
    assert sentence.endswith("did you mean HELPR_DISCORD__TOKEN?")
    assert TOLD not in sentence


def test_a_name_that_resembles_nothing_is_reported_alone(given: Given) -> None:
    """A name that resembles no setting is reported without a guess."""
    given(HELPR_ZZZZZZZZZZZZZZZZ="1")
    [sentence] = unknown_names(None)
    assert "did you mean" not in sentence


def test_unknown_names_of_the_env_file_are_reported_too(tmp_path: Path) -> None:
    """The `.env` file is looked through as the environment is."""
    file = tmp_path / ".env"
    file.write_text("HELPR_HTTP_PORT=9000\n")
    [sentence] = unknown_names(file)
    assert "HELPR_HTTP__PORT" in sentence


def test_every_known_name_is_no_finding(given: Given) -> None:
    """No setting, in either case, and no name of the tests is reported."""
    given(**{name: "" for name, _ in setting_names()})
    given(**dict.fromkeys(FOREIGN_NAMES, "x"), helpr_log__level="info")
    assert unknown_names(None) == []


# -- examples and the example file ------------------------------------------------------------


def test_every_example_is_itself_allowed(given: Given) -> None:
    """Whoever copies the examples from the error sentences has a working configuration."""
    for name, example in setting_names():
        assert example, f"{name} has no example"
        if name != "HELPR_SECRET_KEY":
            os.environ.get(name)
            given(**{name: example})
    load_settings(None)


def example_lines() -> list[str]:
    """The lines of `.env.example`."""
    return (ROOT / ".env.example").read_text().splitlines()


def test_the_example_file_names_every_setting() -> None:
    """`.env.example` names every setting, and nothing that is no setting."""
    named = {
        line.lstrip("# ").split("=")[0]
        for line in example_lines()
        if line.lstrip("# ").startswith("HELPR_") and "=" in line
    }
    assert named == {name for name, _ in setting_names()}


def test_the_example_file_explains_every_setting() -> None:
    """Above each setting of `.env.example`, or its group, stands a line of explanation."""
    lines = example_lines()
    for number, line in enumerate(lines):
        if line.lstrip("# ").startswith("HELPR_") and "=" in line:
            above = lines[number - 1].strip()
            assert above.startswith("#"), f"nothing explains {line}"
            assert len(above.lstrip("# ")) > 10, f"nothing explains {line}"


def test_the_example_file_as_it_is_works(tmp_path: Path) -> None:
    """`.env.example` copied to `.env` starts nothing wrong: its values are allowed."""
    file = tmp_path / ".env"
    file.write_text("\n".join(example_lines()))
    load_settings(file)
    assert unknown_names(file) == []
