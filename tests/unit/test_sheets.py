"""Files for a spreadsheet: nothing in them runs, nothing of them is lost."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.sheets import Sheet, defused, sheet


def read(content: bytes) -> list[list[str]]:
    """The file as a spreadsheet reads it."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝", "＠"])
def test_a_formula_becomes_text(first: str) -> None:
    """A cell that a spreadsheet would run begins with an apostrophe, and keeps its words."""
    cell = f'{first}HYPERLINK("http://x","y")'
    assert defused(cell) == f"'{cell}"
    assert read(sheet(["a", "b"], [[cell, "z"]]))[1] == [f"'{cell}", "z"]


def test_numbers_and_nothing() -> None:
    """A number stays one, also below zero; nothing is an empty cell."""
    assert [defused(one) for one in (-5, 1.5, None, "", "-5", "bob")] == [
        "-5", "1.5", "", "", "'-5", "bob",
    ]  # fmt: skip


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_whatever_is_in_a_cell_comes_back(cells: list[str]) -> None:
    """Commas, quotes, new lines and emoji survive; no cell that is read begins like a formula."""
    [_, row] = read(sheet(["title"], [cells])) if any(cells) or len(cells) > 1 else [[], cells]
    assert [cell.removeprefix("'") for cell in row] == [
        cell.replace("\0", "").removeprefix("'") for cell in cells
    ]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_a_full_file_takes_no_more() -> None:
    """A row that does not fit is not begun, and the file says so."""
    made = Sheet("number", largest=60)
    taken = [made.add("x" * 10) for _ in range(10)]
    assert taken.index(False) == made.rows == 4
    assert len(made.content) <= 60
    assert len(read(made.content)) == made.rows + 1


def test_half_a_character_spoils_nothing() -> None:
    """What is no text at all (a lone surrogate) does not keep the rest from being written."""
    assert read(sheet(["a"], [["\ud800x"]]))[1] == ["?x"]
