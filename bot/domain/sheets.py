"""Files for a spreadsheet (CSV): cells that a spreadsheet would run as a formula are defused."""

import csv
import io
from collections.abc import Iterable

LARGEST = 9_000_000
"""In bytes: what Discord takes as one file, with room to spare."""

# A spreadsheet takes a cell that begins like this for a formula; the last four are what Japanese
# keyboards write for the first four.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defused(cell: object) -> str:
    """A cell as text that no spreadsheet runs. A number stays a number; None is empty."""
    if cell is None:
        return ""
    if isinstance(cell, int | float):
        return str(cell)
    text = str(cell).replace("\0", "")
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


class Sheet:
    """A file that grows row by row, up to `largest` bytes."""

    def __init__(self, *titles: str, largest: int = LARGEST) -> None:
        self._file = io.BytesIO()
        self._largest = largest
        self.rows = 0
        # Without the mark, Excel takes UTF-8 for the machine's own alphabet.
        self._file.write(b"\xef\xbb\xbf" + _line(titles))

    def add(self, *cells: object) -> bool:
        """Add a row; False, and nothing is added, when the file is full."""
        row = _line(cells)
        if self._file.tell() + len(row) > self._largest:
            return False
        self._file.write(row)
        self.rows += 1
        return True

    @property
    def content(self) -> bytes:
        """The file so far."""
        return self._file.getvalue()


def sheet(titles: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """A whole file at once; rows beyond its largest size are left out."""
    made = Sheet(*titles)
    for row in rows:
        if not made.add(*row):
            break
    return made.content


def _line(cells: Iterable[object]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([defused(cell) for cell in cells])
    return out.getvalue().encode("utf-8", "replace")
