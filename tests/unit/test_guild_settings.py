"""The registry of settings: defaults, bounds, and what people type."""

import dataclasses
from contextlib import suppress
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Refused
from bot.domain.guild_settings import (
    MOST_ROLES,
    SETTINGS,
    TYPED,
    GuildSetting,
    Kind,
    Value,
    agree,
    find_zone,
    stored,
)
from bot.domain.people import GuildSettings
from bot.i18n import languages, texts
from bot.ui.settings import DESCRIPTION, WORDS
from db.models import Guild

GUILD = 4242
NUMBERS = [one for one in SETTINGS.values() if one.kind in {Kind.DAYS, Kind.HOURS, Kind.PERCENT}]


def refused(setting: GuildSetting, *typed: str) -> str:
    """The key with which input is refused."""
    with pytest.raises(Refused) as caught:
        setting.read(typed, GUILD)
    return caught.value.key


def test_every_setting_has_words_a_field_and_a_column() -> None:
    """The registry, the words, the ledger's columns and the guild's settings name the same."""
    fields = {field.name for field in dataclasses.fields(GuildSettings)} - {"guild_id"}
    assert set(SETTINGS) == set(WORDS) == fields
    assert fields <= set(Guild.__table__.columns.keys())
    assert len(SETTINGS) <= 25, "one menu holds 25: the panel needs parts"


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda one: one.key)
def test_the_database_has_the_same_default(setting: GuildSetting) -> None:
    """A guild that was made by the database alone holds the defaults."""
    column = Guild.__table__.columns[setting.key]
    default = column.server_default.arg if column.server_default is not None else None  # type: ignore[attr-defined]
    expected = {frozenset(): "{}", None: None}.get(setting.default, str(setting.default))
    if setting.kind is Kind.SWITCH:
        expected = expected.lower() if expected else None
    assert str(default) == str(expected)


@pytest.mark.parametrize("language", languages())
def test_the_words_fit(language: str) -> None:
    """In every language names fit a form's title, and what a setting does fits its option."""
    t = texts(language)
    for words in WORDS.values():
        assert 1 <= len(t(words.name)) <= 45
        assert 1 <= len(t(words.does)) <= DESCRIPTION


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda one: one.key)
def test_numbers_have_bounds(setting: GuildSetting) -> None:
    """The least and the most are taken, one less and one more are not, nor is what is no number."""
    for number in (setting.least, setting.most, setting.default):
        assert setting.read([f" {number} "], GUILD) == number
    for number in (setting.least - 1, setting.most + 1, 10**30, -(10**30)):
        assert refused(setting, str(number)) == "setting.out_of_bounds"
    for typed in ("", " ", "x", "1.5", "1e3", "0x10", "5 weeks", "--5", "9" * 41, "½"):
        assert refused(setting, typed) == "setting.not_a_number"
    assert refused(setting) == "setting.not_a_number"


@given(typed=st.text(max_size=80))
@pytest.mark.parametrize("setting", NUMBERS, ids=lambda one: one.key)
def test_whatever_is_typed(setting: GuildSetting, typed: str) -> None:
    """Any text is a number within the bounds, or refused with little of it repeated."""
    try:
        value = setting.read([typed], GUILD)
    except Refused as refusal:
        value, told = setting.default, str(refusal.params.get("typed", ""))
    else:
        told = ""
    assert isinstance(value, int)
    assert setting.least <= value <= setting.most
    assert len(told) <= 60


@pytest.mark.parametrize("typed", ["5", "5d", "5 days", "5 DAYS", "1 day", "+5", "5%", "5 %"])
def test_units_may_be_typed(typed: str) -> None:
    """A number may come with its unit."""
    assert SETTINGS["nudge_days"].read([typed], GUILD) in {1, 5}


@pytest.mark.parametrize(
    ("nudge", "withdraw", "fits"),
    [(3, 14, True), (13, 14, True), (14, 14, False), (15, 14, False), (0, 1, True), (60, 0, True)],
)
def test_the_reminder_comes_first(nudge: int, withdraw: int, fits: bool) -> None:
    """A reminder has to come before the invite is taken back, where both happen."""
    settings = GuildSettings(GUILD, nudge_days=nudge, withdraw_days=withdraw)
    if fits:
        agree(settings)
    else:
        with pytest.raises(Refused, match=r"setting\.reminder_too_late"):
            agree(settings)


def test_the_defaults_agree() -> None:
    """Going back to the default is possible from the default."""
    agree(GuildSettings(GUILD))


def test_every_zone_is_found_by_its_name() -> None:
    """Every IANA name is taken as it is."""
    for name in available_timezones() - {"localtime", "Factory"}:
        assert find_zone(f" {name} ") == name


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("EUROPE/BERLIN", "Europe/Berlin"),
        ("america/new york", "America/New_York"),
        ("America/Argentina/Buenos Aires", "America/Argentina/Buenos_Aires"),
        ("utc", "UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
    ],
)
def test_zones_as_people_type_them(typed: str, zone: str) -> None:
    """Case does not matter, and a space will do for an underscore."""
    assert find_zone(typed) == zone
    assert ZoneInfo(zone).key == zone


@pytest.mark.parametrize(
    "typed", ["", "Berlin!", "posix/UTC", "right/UTC", "localtime", "../UTC", "\0", "x" * 500]
)
def test_what_is_no_zone(typed: str) -> None:
    """Files beside the zones, paths and nonsense are refused, with little of it repeated."""
    with pytest.raises(Refused) as caught:
        find_zone(typed)
    assert caught.value.key == "zone.unknown"
    assert len(str(caught.value.params["zone"])) <= 60


@given(typed=st.text(max_size=80))
def test_any_zone_is_found_or_refused(typed: str) -> None:
    """Whatever is typed for a zone, the answer is a zone or a refusal, and no other failure."""
    with suppress(Refused):
        ZoneInfo(find_zone(typed))


def test_roles() -> None:
    """Roles are taken as a set; everybody's role and too many are refused; none is fine."""
    roles = SETTINGS["reviewer_role_ids"]
    assert roles.read([], GUILD) == frozenset()
    assert roles.read(["2", "1", "2"], GUILD) == frozenset({1, 2})
    assert refused(roles, "1", str(GUILD)) == "setting.everybody"
    assert refused(roles, *map(str, range(1, MOST_ROLES + 2))) == "setting.too_many"


def test_switches() -> None:
    """A switch is yes or no, and nothing else."""
    switch = SETTINGS["waiting_list"]
    assert switch.read(["yes"], GUILD) is True
    assert switch.read(["no"], GUILD) is False
    assert refused(switch, "1") == refused(switch, "YES!") == refused(switch) == "setting.unknown"


def test_languages() -> None:
    """Only a language that there is can be chosen."""
    locale = SETTINGS["locale"]
    assert [locale.read([name], GUILD) for name in languages()] == languages()
    assert refused(locale, "tlh") == refused(locale) == "setting.unknown"


@pytest.mark.parametrize(
    ("value", "held"), [(frozenset({3, 1}), [1, 3]), (None, None), (5, 5), ("UTC", "UTC")]
)
def test_how_values_are_stored(value: Value, held: object) -> None:
    """A set becomes a list in order, so that two lines of the log can be compared."""
    assert stored(value) == held


def test_only_admins_of_the_server_name_admins() -> None:
    """No other setting is kept from admins by role, and only typed ones have bounds."""
    assert [one.key for one in SETTINGS.values() if one.needs_manage_server] == ["admin_role_ids"]
    assert all(one.most == 0 for one in SETTINGS.values() if one.kind not in TYPED)
