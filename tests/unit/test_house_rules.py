"""Lists that have to agree with each other: jobs, handlers, cogs, buttons, catalogues."""

import dataclasses
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import procrastinate
import procrastinate.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.client import EXTENSIONS
from bot.domain.jobs import (
    ALL_JOBS,
    FillSeats,
    FollowSignIn,
    ForgetMember,
    Job,
    LookForMember,
    RunBulk,
    SendMessage,
    ShowNotice,
    ShowPanel,
    ShowWish,
)
from bot.domain.timing import backoff, in_time_for
from bot.i18n import catalogues, check, languages, page, texts
from bot.jobs.bulk import BulkJobs
from bot.jobs.changing import ChangingJobs
from bot.jobs.comparing import ComparingJobs
from bot.jobs.forgetting import ForgettingJobs
from bot.jobs.messaging import MessagingJobs
from bot.jobs.noticing import NoticingJobs
from bot.jobs.presence import PresenceJobs
from bot.jobs.queue import HOUSEKEEPING, Workers, handlers, make_app
from bot.jobs.roles import RoleJobs
from bot.jobs.sharing import SharingJobs
from bot.jobs.signing_in import SignInJobs
from bot.jobs.standing import StandingJobs
from bot.jobs.telling import TellingJobs
from bot.jobs.wishing import WishJobs
from bot.services.links import LinkService
from bot.services.sweep import _OWED_BY_INVITES, _OWED_BY_LINKS, SweepService
from bot.services.troubles import TroubleService
from bot.services.waiting import WaitingService
from bot.ui.items import ALL_ITEMS
from bot.ui.items.base import Dynamic
from bot.ui.modals import ALL_FORMS
from bot.ui.modals.base import Submitted
from bot.ui.panels import _JOBS

ROOT = Path(__file__).resolve().parents[2]
nothing: Any = None


def names(kinds: Iterable[type]) -> set[str]:
    """The names of classes."""
    return {kind.__name__ for kind in kinds}


# -- jobs -------------------------------------------------------------------------------------


def registered() -> dict[type[Job], Any]:
    """What the composition root registers; nothing is called, so nothing is needed behind it."""
    return dict(
        handlers(
            Workers(
                sharing=SharingJobs(nothing, nothing, nothing),
                changing=ChangingJobs(nothing, nothing, nothing),
                comparing=ComparingJobs(nothing, nothing),
                telling=TellingJobs(nothing, nothing),
                noticing=NoticingJobs(nothing, nothing),
                presence=PresenceJobs(nothing, nothing),
                messaging=MessagingJobs(nothing, nothing),
                roles=RoleJobs(nothing, nothing),
                standing=StandingJobs(nothing, nothing),
                wishing=WishJobs(nothing, nothing),
                links=LinkService(nothing, nothing, nothing, nothing),
                signing_in=SignInJobs(*[nothing] * 5, accepting=nothing),
                bulk=BulkJobs(nothing, nothing, nothing),
                waiting=WaitingService(nothing, nothing),
                forgetting=ForgettingJobs(nothing, nothing),
            )
        )
    )


def test_every_job_has_a_handler() -> None:
    """The jobs of the domain and the registered ones are the same set."""
    assert set(registered()) == set(ALL_JOBS)
    # By name: a dataclass with slots is made twice.
    assert names(ALL_JOBS) == names(Job.__subclasses__())
    assert len({job.name for job in ALL_JOBS}) == len(ALL_JOBS)


def test_every_job_is_a_task_of_the_queue() -> None:
    """The queue knows a task for each job, and the housekeeping, which has its own queue."""
    app = make_app(
        procrastinate.testing.InMemoryConnector(),
        registered(),
        cast("SweepService", nothing),
        cast("TroubleService", nothing),
    )
    ours = {name: task for name, task in app.tasks.items() if "builtin" not in name}
    work = {name for name, task in ours.items() if task.queue == Job.queue}
    assert work == {job.name for job in ALL_JOBS}
    assert set(ours) - work == {"sweep", "sign-ins", "rescue", "tidy"}
    assert {ours[name].queue for name in set(ours) - work} == {HOUSEKEEPING}


def test_the_sweep_knows_every_job() -> None:
    """Whatever job is lost, the sweep wakes it up again."""
    others = {ShowNotice, ShowPanel, ShowWish, RunBulk, FollowSignIn}
    others |= {SendMessage, LookForMember, ForgetMember, FillSeats}
    assert {*_OWED_BY_INVITES.values(), *_OWED_BY_LINKS.values()} | others == set(ALL_JOBS)


@pytest.mark.parametrize("kind", ALL_JOBS)
def test_a_job_holds_ids_only(kind: type[Job]) -> None:
    """The arguments of a job are whole numbers, and its key tells two jobs apart."""
    (field,) = dataclasses.fields(kind)
    name = field.name
    assert name.endswith("_id")
    assert field.type is int
    one, other = kind(1), kind(2)  # type: ignore[call-arg]
    assert one.args == {name: 1}
    assert one.key == f"{kind.name}:1" != other.key


# -- waiting ----------------------------------------------------------------------------------


@given(attempt=st.integers(0, 10_000))
def test_a_retry_waits_neither_too_short_nor_too_long(attempt: int) -> None:
    """The wait doubles from 2 s up to 5 min, a quarter more or less."""
    middle = min(2.0 * 2 ** min(max(attempt - 1, 0), 20), 300.0)
    wait = backoff(attempt).total_seconds()
    assert middle * 0.75 - 0.001 <= wait <= middle * 1.25 + 0.001


@given(attempt=st.integers(0, 20), asked=st.floats(0, 100_000))
def test_a_retry_is_never_sooner_than_plex_asks(attempt: int, asked: float) -> None:
    """What Plex names in Retry-After is the least that is waited."""
    assert backoff(attempt, asked) >= timedelta(seconds=asked)


def test_retries_are_spread() -> None:
    """Many that failed at once do not come back at once."""
    assert len({backoff(5) for _ in range(50)}) > 40


# -- Discord ----------------------------------------------------------------------------------


def test_the_extensions_are_the_cogs() -> None:
    """Every module of `cogs/` is loaded, and nothing else."""
    found = {f"cogs.{file.stem}" for file in (ROOT / "cogs").glob("*.py")} - {"cogs.__init__"}
    assert set(EXTENSIONS) == found


def test_the_import_contract_names_every_cog() -> None:
    """The contract that keeps cogs apart knows all of them."""
    contract = (ROOT / ".importlinter").read_text()
    assert [name for name in EXTENSIONS if f"    {name}\n" not in contract] == []


def test_every_button_is_registered_and_has_a_rule() -> None:
    """Every button and menu is in the list that the bot registers, and says who may use it."""
    assert set(ALL_ITEMS) == set(Dynamic.__subclasses__())
    assert all(item.rule is not None for item in ALL_ITEMS)  # type: ignore[attr-defined]


def test_every_form_is_known_and_has_a_rule() -> None:
    """Every modal is found by its custom_id, by one pattern only."""
    assert names(ALL_FORMS) == names(Submitted.__subclasses__())
    assert all(form.rule is not None for form in ALL_FORMS)
    for sample in (
        "helpr:request",
        "helpr:deny:12:3:card",
        "helpr:deny:12:3:q7",
        "helpr:settings:type:nudge_days",
    ):
        assert sum(form.pattern.fullmatch(sample) is not None for form in ALL_FORMS) == 1


# -- languages --------------------------------------------------------------------------------


def test_the_catalogues_are_complete() -> None:
    """Every text is in the template and translated in every catalogue."""
    assert check.problems() == []


GERMAN = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "active"
msgstr "aktiv"

msgid "approved"
msgstr "{nonsense}"

msgid "denied"
msgstr ""
"""


def test_the_check_finds_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that the template lacks, a wrong placeholder and too small a part get a line."""
    template = tmp_path / "helpr.pot"
    template.write_text('msgid "nobody says this"\nmsgstr ""\n')
    catalogue = tmp_path / "de" / "LC_MESSAGES" / "helpr.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(GERMAN)
    monkeypatch.setattr(catalogues, "LOCALES", tmp_path)
    monkeypatch.setattr(catalogues, "TEMPLATE", template)
    monkeypatch.setattr(check, "NEEDED", 90)
    found = check.problems()
    assert "helpr.pot: ('nobody says this',) is unused" in found
    assert "helpr.pot: ('active',) is missing" in found
    assert "de: 'approved' names ['nonsense'], which the text does not have" in found
    assert any(line.startswith("de: 0.") for line in found)
    assert not any("'active'" in line for line in found if line.startswith("de"))
    assert check.main([]) == 1


def test_the_check_can_mend_the_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `--update` the template holds every text."""
    monkeypatch.setattr(catalogues, "LOCALES", tmp_path)
    monkeypatch.setattr(catalogues, "TEMPLATE", tmp_path / "helpr.pot")
    monkeypatch.setattr(check, "PAGE", tmp_path / "texts.md")
    monkeypatch.setattr(page, "PAGE", tmp_path / "texts.md")
    assert check.main(["--update"]) == 0
    assert "Approved! Now accept on Plex" in (tmp_path / "texts.md").read_text()


@pytest.mark.parametrize(
    "locale", ["en-US", "en-GB", "xx", "", "de-", "zh-CN", "es-419", "klingon", "../../etc"]
)
def test_any_locale_gets_texts(locale: str) -> None:
    """Whatever Discord calls a language, there are texts for it."""
    t = texts(locale)
    assert t.language in languages()
    assert t("active")


def test_texts_fill_params_and_plurals() -> None:
    """Params are filled in; braces in what is filled in are no params."""
    t = texts()
    assert t("Plex says: {reason}", reason="{x}") == "Plex says: {x}"
    assert t.n("{n} library", "{n} libraries", 1) == "1 library"
    assert t.n("{n} library", "{n} libraries", 0) == "0 libraries"


@pytest.mark.parametrize(("interval", "owed"), [(60, 55), (300, 295), (5, 2.5), (1, 0.5)])
def test_what_has_to_happen_in_time_is_owed_before(interval: float, owed: float) -> None:
    """The sweep may come late by its own interval, and the promise holds all the same."""
    assert in_time_for(timedelta(seconds=interval)) == timedelta(seconds=owed)


def test_every_job_has_a_name_that_people_read() -> None:
    """What waits or fails is told to admins in words."""
    assert set(_JOBS) == {job.name for job in ALL_JOBS}
