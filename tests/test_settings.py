"""`mulegraph.toml`: defaults, changes, and errors that name the key."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import get_type_hints

import pytest

from mulegraph.errors import UsageError
from mulegraph.settings import RENAMED, Settings, read_settings
from mulegraph.signs.base import all_signs, check_thresholds
from mulegraph.toml import expected

DOCUMENT = Path(__file__).parents[1] / "docs" / "settings.md"


def test_without_a_file_the_defaults_hold(tmp_path):
    """Nobody has to write a settings file."""
    assert read_settings(tmp_path) == Settings()


def test_the_documented_file_is_the_defaults(tmp_path):
    """The example in docs/settings.md names every setting with its default."""
    text = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[1]
    (tmp_path / "mulegraph.toml").write_text(text, encoding="utf-8")

    found = read_settings(tmp_path)

    plain = Settings()
    assert found == replace(plain, signs=found.signs)
    raw = tomllib.loads(text)
    for section in ("flow", "devices", "hops", "cases", "score", "banks", "trace", "requests", "views"):
        assert set(raw[section]) == {each.name for each in fields(getattr(plain, section))}


def test_every_setting_has_limits():
    """No number is taken unseen."""
    sections = [each.name for each in fields(Settings) if each.name != "signs"]
    plain = Settings()
    for section in sections:
        kind = type(getattr(plain, section))
        for name, declared in get_type_hints(kind, include_extras=True).items():
            value = getattr(plain, section).__dict__[name]
            if isinstance(value, (int, float)) and not isinstance(value, bool):  # names have none
                assert re.search(r"number from [\d.]+ to [\d.e+]+$", expected(declared)), name


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[flow]\nwindow_hours = 'six'", "flow.window_hours is 'six'"),
        ("[flow]\nshare_percent = 0", "flow.share_percent is 0"),
        ("[flow]\nshare_percent = 60.5", "flow.share_percent is 60.5"),
        ("[flow]\nseed = true", "flow.seed is True"),
        ("[flow]\nwindow = 6", "flow.window is unknown"),
        ("[banks]\nown = 'NORD'", "banks.own is 'NORD'"),
        ("[banks]\nown = [1]", "banks.own is [1]"),
        ("[flow]\nwindow_hours = nan", "flow.window_hours is nan"),
        ("[banks]\nown = ['']", "banks.own is ['']"),
        ("[views]\nzone = 'Mars/Base'", "views.zone is 'Mars/Base'"),
        ("[signs]\nA4 = 3", "signs.A4 is 3"),
        ("[requests]\nsender = 3", "requests.sender is 3"),
        ("[flows]\nwindow_hours = 6", "[flows] is unknown"),
        ("flow = 3", "flow is 3"),
        ("[flow\n", "cannot be read"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, text, named):
    """File, key and value stand in the message, and what was expected beside them."""
    (tmp_path / "mulegraph.toml").write_text(text, encoding="utf-8")

    with pytest.raises(UsageError) as error:
        read_settings(tmp_path)

    assert named in error.value.problem
    assert "mulegraph.toml" in error.value.problem
    assert error.value.hint


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_old_name_is_told_the_new_one(tmp_path, old, new):
    """Nobody's threshold is dropped in silence."""
    section, _, name = old.partition(".")
    (tmp_path / "mulegraph.toml").write_text(f"[{section}]\n{name} = 1", encoding="utf-8")

    with pytest.raises(UsageError, match=f"{old} is now called {new}"):
        read_settings(tmp_path)
    new_section, _, new_name = new.partition(".")
    assert hasattr(getattr(Settings(), new_section), new_name)


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"Z9": {}}, "Z9"), ({"A4": {"more": 3}}, "A4.more"), ({"A4": {"min_receipts": "3"}}, "A4.min_receipts")],
)
def test_thresholds_of_signs_are_checked_too(changed, named):
    """A misspelt threshold is an error, not a silent default."""
    with pytest.raises(UsageError, match=named):
        check_thresholds(changed, all_signs())


@pytest.mark.parametrize(
    ("changed", "hint"),
    [
        ({"A4": {"more_than": 3}}, "Write min_receipts = 4"),
        ({"A6": {"income_times_more_than": 5.0}}, "Write max_income_times = 5.0"),
        ({"N4": {"least_holders": 3}}, "Write min_holders = 3"),
    ],
)
def test_the_old_name_of_a_threshold_is_an_error_that_names_the_new_one_and_its_value(changed, hint):
    """A count that said 'more than three' now says 'at least four'."""
    with pytest.raises(UsageError, match="has a new name") as error:
        check_thresholds(changed, all_signs())

    assert hint in error.value.hint
