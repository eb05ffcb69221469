"""`docs/reliability.md` says what the code does, and the code has words for everybody."""

import pytest
import reliability
from plex_cases import CASES

from bot.domain.errors import PlexError, Treatment
from bot.i18n import languages, texts
from bot.ui.errors import MEMBER_TEXTS, TEXTS, error_text, member_text

LONGEST = 160
# Other languages need more room, and some have a full stop of their own.
GROWTH = 1.5
STOPS = ".。"
# What a member cannot do anything about, or should not know.
OF_ADMINS = ("token", "certificate", "operator", "owner", "/plex", "tier", "HTTP")


def kinds(kind: type[PlexError] = PlexError) -> list[type[PlexError]]:
    """Every class of failure."""
    return [kind, *(below for sub in kind.__subclasses__() for below in kinds(sub))]


def test_the_page_shows_what_the_code_does() -> None:
    """The generated part of the page is what the code says today."""
    page = reliability.PAGE.read_text()
    assert page.count(reliability.BEGIN) == page.count(reliability.END) == 1
    assert page == reliability.updated(page), f"run: {reliability.COMMAND}"


def test_making_the_page_anew_leaves_the_rest_alone() -> None:
    """What is written by hand above and below the table stays."""
    page = f"above\n{reliability.BEGIN}\nfrom yesteryear\n{reliability.END}\nbelow\n"
    made = reliability.updated(page)
    assert made.startswith("above\n")
    assert made.endswith("\nbelow\n")
    assert "yesteryear" not in made
    assert reliability.updated(made) == made


def test_every_class_of_failure_has_a_case() -> None:
    """No class is without a way to get there, apart from the one that the others stand on."""
    assert {type(case.failure) for case in CASES} == set(kinds()) - {PlexError}
    assert all(type(case.failure) is case.kind for case in CASES)


def test_every_failure_of_plex_has_words_for_both() -> None:
    """Members and admins each have their own words about every failure, and no others."""
    keys = {kind.key_of_class for kind in kinds()}
    assert set(MEMBER_TEXTS) == keys
    assert keys <= set(TEXTS)
    assert all(MEMBER_TEXTS[key] != TEXTS[key] for key in keys)


@pytest.mark.parametrize("language", languages())
def test_the_words_fit_a_phone(language: str) -> None:
    """Both texts are complete sentences and short; the member's says nothing of an admin's."""
    t, longest = texts(language), LONGEST if language == "en" else LONGEST * GROWTH
    for kind in kinds():
        member, admin = member_text(kind.key_of_class, t), error_text(kind("reason"), t)
        assert len(member) <= longest
        assert len(admin) <= longest + 40
        assert member[-1] in STOPS
        assert admin[-1] in STOPS
        if language == "en":
            assert not [word for word in OF_ADMINS if word in member]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_a_member_reads_what_now(kind: type[PlexError]) -> None:
    """Whoever waits reads that there is nothing to do; whoever is refused does not."""
    text = member_text(kind.key_of_class, texts())
    is_over = kind.treatment is Treatment.PERMANENT
    assert ("you need do nothing" in text or kind.key_of_class == "plex.already_shared") != is_over
