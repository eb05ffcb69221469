"""The `helpr` command as an operator meets it: exit codes and single lines, never a traceback."""

import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.cli import _shards, main

ROOT = Path(__file__).resolve().parents[2]
SECRET = "s3cret-v4lue"


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: object
    out: str
    err: str


Helpr = Callable[..., Done]


@pytest.fixture
def helpr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Helpr]:
    """Run the command in an empty folder with these settings alone."""
    root = logging.getLogger()
    kept, level = list(root.handlers), root.level

    def run(*arguments: str, **settings: str) -> Done:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["helpr", *arguments])
        for name, value in {"HELPR_DATA_DIR": str(tmp_path / "data"), **settings}.items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        return Done(caught.value.code, *capfd.readouterr())

    yield run
    root.handlers[:] = kept
    root.setLevel(level)


def in_a_process(*arguments: str, folder: Path, **settings: str) -> Done:
    """The same as a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **settings}
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def sentence(done: Done) -> str:
    """The one line on the standard error."""
    [line] = done.err.splitlines()
    assert line.startswith("helpr: ")
    assert "Traceback" not in done.err
    assert done.out == ""
    return line


def test_help_lists_every_command(tmp_path: Path) -> None:
    """`helpr --help` names what an operator can do."""
    done = in_a_process("--help", folder=tmp_path)
    assert done.code == 0
    named = {line.split()[1] for line in done.out.splitlines() if line.startswith("│ ")}
    assert {"run", "worker", "demo", "doctor", "db"} <= named


def test_run_without_a_token_is_one_line(tmp_path: Path) -> None:
    """Without a bot token nothing starts: exit code 2 and one line that says what to set."""
    done = in_a_process("run", folder=tmp_path, HELPR_DATA_DIR=str(tmp_path / "data"))
    assert done.code == 2
    assert "HELPR_DISCORD__TOKEN is missing" in sentence(done)
    assert not (tmp_path / "data").exists()


def test_a_wrong_setting_is_one_line(helpr: Helpr) -> None:
    """A wrong value ends every command with exit code 2, without the value."""
    done = helpr("worker", HELPR_HTTP__PORT=SECRET)
    assert done.code == 2
    assert "HELPR_HTTP__PORT is wrong" in sentence(done)
    assert SECRET not in done.err


def test_a_wrong_setting_of_the_env_file_is_one_line(helpr: Helpr, tmp_path: Path) -> None:
    """The `.env` file of the working folder is read, and its mistakes are told the same way."""
    (tmp_path / ".env").write_text(f"HELPR_SECRET_KEY={SECRET}\n")
    done = helpr("db", "upgrade")
    assert done.code == 2
    assert "HELPR_SECRET_KEY is wrong" in sentence(done)
    assert SECRET not in done.err


def test_a_database_of_ones_own_needs_a_key(helpr: Helpr) -> None:
    """With an own database the operator has to give a key, and reads so."""
    done = helpr(
        "run",
        HELPR_DISCORD__TOKEN="abc.def.ghi",
        HELPR_DATABASE__URL=f"postgresql://helpr:{SECRET}@127.0.0.1:9/helpr",
    )
    assert done.code == 2
    assert "HELPR_SECRET_KEY is missing" in sentence(done)
    assert SECRET not in done.err


def test_a_database_that_is_down_is_one_line(helpr: Helpr) -> None:
    """A database that does not answer ends the start with exit code 1 and one line."""
    done = helpr(
        "run",
        HELPR_DISCORD__TOKEN="abc.def.ghi",
        HELPR_SECRET_KEY="k" * 32,
        HELPR_DATABASE__URL=f"postgresql://helpr:{SECRET}@127.0.0.1:9/helpr",
    )
    assert done.code == 1
    assert "The database cannot be reached" in sentence(done)
    assert SECRET not in done.err


def test_an_unknown_name_is_warned_of(helpr: Helpr) -> None:
    """A name that is no setting is a warning in the log, and stops nothing."""
    done = helpr("run", HELPR_DISCORD_TOKEN=SECRET)
    assert done.code == 2
    warning, last = done.err.splitlines()
    assert "did you mean HELPR_DISCORD__TOKEN?" in warning
    assert last.startswith("helpr: HELPR_DISCORD__TOKEN is missing")
    assert SECRET not in done.err


def test_wrong_shards_are_one_line(helpr: Helpr) -> None:
    """Shards that make no sense end the start with exit code 2 and an example."""
    done = helpr("run", "--shards", "0-3")
    assert done.code == 2
    assert "for example: --shards 0-3 --of 16" in sentence(done)


def test_the_demo_without_its_extra_is_one_line(
    helpr: Helpr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the sandbox's library is not installed, the demo says what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    done = helpr("demo")
    assert done.code == 1
    assert "pip install" in sentence(done)


@pytest.mark.parametrize(
    ("ids", "count", "chosen"),
    [
        ("", 0, (None, None)),
        ("0-3", 16, ([0, 1, 2, 3], 16)),
        ("5", 16, ([5], 16)),
        ("0", 1, ([0], 1)),
        ("15-15", 16, ([15], 16)),
    ],
)
def test_forms_of_shards(ids: str, count: int, chosen: tuple[list[int] | None, int | None]) -> None:
    """A range, one shard, or all of them."""
    assert _shards(ids, count) == chosen


@pytest.mark.parametrize(
    ("ids", "count"),
    [
        ("0-3", 0),
        ("", 16),
        ("3-0", 16),
        ("0-16", 16),
        ("16", 16),
        ("-1", 16),
        ("-1-3", 16),
        ("0,1", 16),
        ("a-b", 16),
        ("0-", 0),
        ("0-3", -4),
    ],
)
def test_wrong_forms_of_shards(ids: str, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything else is refused with an example."""
    with pytest.raises(SystemExit) as caught:
        _shards(ids, count)
    assert caught.value.code == 2
    assert "for example: --shards 0-3 --of 16" in capsys.readouterr().err
