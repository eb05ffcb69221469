"""`docs/rights.md` says what the code demands."""

import rights


def test_the_page_shows_what_the_code_demands() -> None:
    """The tables are what the gate looks at today."""
    page = rights.PAGE.read_text()
    assert page.count(rights.BEGIN) == page.count(rights.END) == 1
    assert page == rights.updated(page), f"run: {rights.COMMAND}"
