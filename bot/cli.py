"""The `helpr` command: arguments in, exit code out."""

import asyncio
import importlib.util
import os
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, NoReturn

import typer

from bot import log
from bot.domain.errors import LedgerUnavailable, StartError
from bot.settings import Settings, SettingsError, load_settings, unknown_names

WRONG_SETTING = 2

app = typer.Typer(
    name="helpr",
    help="The Discord-native front door to a Plex server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db, name="db")


@app.command()
def run(
    shards: Annotated[str, typer.Option(help="Which shards to run, for example 0-3.")] = "",
    of: Annotated[int, typer.Option(help="How many shards there are in all.")] = 0,
    worker: Annotated[bool, typer.Option(help="Also run the jobs in this process.")] = True,
) -> None:
    """Run the bot."""
    settings = _prepare()
    from bot.compose import Shards, run_bot  # noqa: PLC0415 - heavy, and not every command needs it

    _start(run_bot(settings, worker=worker, shards=Shards(*_shards(shards, of))))


@app.command()
def worker() -> None:
    """Run the jobs alone, without a connection to Discord's gateway."""
    settings = _prepare()
    from bot.compose import run_worker  # noqa: PLC0415

    _start(run_worker(settings))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def demo(context: typer.Context) -> None:
    """Play the whole story on this machine: no account, no token."""
    if importlib.util.find_spec("simcord") is None:
        _fail("The demo needs the extra `sandbox`: pip install 'helpr[embedded,sandbox]'")
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", *context.args])  # noqa: S606 - no shell


@app.command()
def doctor() -> None:
    """Look at everything that Helpr needs, and say how to mend what is wrong."""
    settings = _prepare()
    from bot.doctor import examine, show  # noqa: PLC0415

    raise typer.Exit(0 if show(_start(examine(settings))) else 1)


@db.command()
def upgrade() -> None:
    """Bring the database to the newest revision (also done at every start)."""
    settings = _prepare()
    from bot.compose import upgrade_database  # noqa: PLC0415

    _start(upgrade_database(settings))
    typer.echo("The database is at the newest revision.")


def main() -> None:
    """The console command."""
    app()


def _prepare() -> Settings:
    try:
        settings = load_settings()
    except SettingsError as error:
        _fail(str(error), WRONG_SETTING)
    log.setup(settings.log.format, settings.log.level)
    for sentence in unknown_names():
        log.logger(__name__).warning("settings.unknown", problem=sentence)
    return settings


def _start(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end; a failed start is one line and an exit code, never a traceback."""
    try:
        return asyncio.run(work)
    except SettingsError as error:
        _fail(str(error), WRONG_SETTING)
    except StartError as error:
        _fail(str(error), error.exit_code)
    except LedgerUnavailable:
        _fail("The database went away while starting; try again once it runs")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _shards(ids: str, count: int) -> tuple[list[int] | None, int | None]:
    if not ids and not count:
        return None, None
    first, _, last = ids.partition("-")
    try:
        chosen = list(range(int(first), int(last or first) + 1))
    except ValueError:
        chosen = []
    if not chosen or count <= chosen[-1] or chosen[0] < 0:
        _fail("--shards and --of go together, for example: --shards 0-3 --of 16", WRONG_SETTING)
    return chosen, count


def _fail(sentence: str, exit_code: int = 1) -> NoReturn:
    typer.echo(f"helpr: {sentence}", err=True)
    raise SystemExit(exit_code)
