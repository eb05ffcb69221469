"""What was measured, as lines of one table."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `ratio` is against the `baseline` of the same run; `met` None has no aim."""

    what: str
    value: str
    ratio: str = ""
    aim: str = ""
    met: bool | None = None


def show(rows: Iterable[Row], took: float) -> None:
    """Print the table; `took` is how many seconds the run lasted."""
    table = Table(title="Helpr, measured", caption=f"took {took:.0f} s", title_justify="left")
    table.add_column("what", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("ratio", justify="right", no_wrap=True)
    table.add_column("aim", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_row(row.what, row.value, row.ratio, row.aim, _verdict(row.met))
    # As wide as the table needs: a pipe has no width, and 80 columns would break lines.
    Console(width=110).print(table)


def _verdict(met: bool | None) -> str:
    if met is None:
        return ""
    return "[green]met[/]" if met else "[bold red]missed[/]"


def milliseconds(seconds: float) -> str:
    """A duration for people."""
    return f"{seconds * 1000:.1f} ms"
