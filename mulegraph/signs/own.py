"""Signs of a workspace's own: files in WORKSPACE/signs/, found by being there, held to the house rules.

Such a file is code that a scan runs, and it changes what is found: the run's manifest names it with its hash.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import stat
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mulegraph.errors import DataError, MulegraphError, UsageError
from mulegraph.schema.choices import LANGUAGES
from mulegraph.schema.disclosure import Foreign
from mulegraph.schema.findings import SUBJECTS
from mulegraph.schema.language import named
from mulegraph.schema.tables import TABLES
from mulegraph.signs.base import HOURS, Sign, all_signs
from mulegraph.signs.found import GIVEN, Found, run_sign
from mulegraph.signs.inputs import SignInputs

FOLDER = "signs"
OWN_CODE = re.compile(r"X\d{1,2}")
"""No sign of mulegraph's will ever have such a code."""
LIMITS = ("min_", "max_")
UNITS = ("hours", "minutes", "days", "nats", "percent", "share")
"""How the name of a threshold begins or ends, so that who changes it in a settings file need not read the code."""
RULES = "See docs/signs-of-your-own.md for what a sign needs."


def signs_of(workspace: Path) -> dict[str, Sign]:
    """Every sign that a scan of this workspace runs, by code. Raises UsageError for an own one that breaks a rule."""
    return dict(sorted({**all_signs(), **own_signs(workspace)}.items()))


def own_signs(workspace: Path) -> dict[str, Sign]:
    """The workspace's own signs by code."""
    found: dict[str, Sign] = {}
    for path in _files(workspace):
        sign = _loaded(path, sha256_of(path))
        if sign.code in found:
            raise UsageError(
                f"{path}: code {sign.code} is {found[sign.code].name}'s, too", hint="Give each sign its own."
            )
        found[sign.code] = sign
    return found


def own_files(workspace: Path) -> dict[str, str]:
    """File name → SHA-256 of its own signs, without running them."""
    return {path.name: sha256_of(path) for path in _files(workspace)}


def sha256_of(path: Path) -> str:
    """Raises UsageError when the file cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror})", hint="Make it readable, or take it away."
        ) from error


def broken_rules(sign: Sign, file_stem: str) -> list[str]:
    """House rules that a sign breaks, each as what was expected."""
    facts = {frozenset(named(each)) for each in sign.reasons.values()}
    declared = {each.name for each in sign.facts}
    undeclared = sorted(set().union(*facts) - declared - {"amount", "currency"})
    rules = {
        f"the function is named as its file, {file_stem}": sign.name == file_stem,
        "the first line of its docstring says what it is, in 20 to 130 letters": 20 < len(sign.title) < 130,
        "its docstring has 'Innocent when:' and says so": len(sign.innocent_when) > 20,
        "its source is named": len(sign.source) > 5,
        f"subject is one of {', '.join(SUBJECTS)}": sign.subject in SUBJECTS,
        f"needs are tables or {HOURS}": {need.partition(".")[0] for need in sign.needs} <= {*TABLES, HOURS},
        "thresholds are numbers": all(_is_number(each) for each in sign.thresholds.values()),
        f"thresholds begin with {' or '.join(LIMITS)}, or end with a unit: {', '.join(UNITS)}": all(
            map(_says_its_unit, sign.thresholds)
        ),
        "what it reads is named as the inputs names it": all(map(_is_input, sign.reads)),
        f"reasons are in {', '.join(LANGUAGES)}, English at least": {"en"} <= set(sign.reasons) <= set(LANGUAGES),
        "reasons name the same facts in every language": len(facts) == 1,
        f"facts in a reason are declared; not declared: {', '.join(undeclared)}": not undeclared,
        f"no fact is called as a finding's own column: {', '.join(GIVEN)}": not declared & set(GIVEN),
    }
    return [rule for rule, is_kept in rules.items() if not is_kept]


def findings_of(sign: Sign, inputs: SignInputs, changed: Mapping[str, object]) -> Found:
    """Findings of a sign, best first. Raises DataError when an own one fails: in which line, and how."""
    try:
        return run_sign(sign, inputs, changed)
    except MulegraphError:
        raise
    except Exception as error:
        if sign.code in all_signs():
            raise
        path = Path(inspect.getfile(sign.find))
        raise DataError(
            "{place}: sign {code} failed ({kind}: {why})",
            hint="Fix the sign, or move its file out of signs/ and scan without it.",
            place=_place(path, error),
            code=sign.code,
            kind=type(error).__name__,
            why=Foreign(str(error)),  # it may quote a row
        ) from error


ALWAYS = ("ledger", "settings")
"""What every sign may read beside the parts of the inputs that are made on first use."""


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _says_its_unit(threshold: str) -> bool:
    return threshold.startswith(LIMITS) or threshold.endswith(UNITS)


def _is_input(name: str) -> bool:
    return hasattr(SignInputs, name) or name in ALWAYS


def _files(workspace: Path) -> list[Path]:
    """Files that hold a sign; those that begin with an underscore are theirs to share."""
    return sorted(path for path in (workspace / FOLDER).glob("*.py") if not path.name.startswith("_"))


@cache
def _loaded(path: Path, digest: str) -> Sign:
    """The one sign of a file, with this content. Raises UsageError that says what is wrong with it."""
    if path.stat().st_mode & stat.S_IWOTH:
        raise UsageError(f"{path}: everybody may write to it, and a scan would run it", hint=f"Run: chmod o-w {path}")
    name = f"mulegraph_own_{path.stem}_{digest[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # noqa: S101 (a path that ends with .py has a loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except MulegraphError:
        raise
    except Exception as error:
        del sys.modules[name]
        raise UsageError(
            "{place}: cannot be run ({kind}: {why})",
            hint=RULES,
            place=_place(path, error),
            kind=type(error).__name__,
            why=Foreign(str(error)),
        ) from error
    found = [each for each in vars(module).values() if isinstance(each, Sign) and each.find.__module__ == name]
    if len(found) != 1:
        raise UsageError(f"{path}: holds {len(found)} signs, expected one", hint=RULES)
    (sign,) = found
    if not OWN_CODE.fullmatch(sign.code):
        raise UsageError(f"{path}: code is '{sign.code}', expected X and a number such as X1", hint=RULES)
    if broken := broken_rules(sign, path.stem):
        raise UsageError(f"{path}: a rule is broken: {broken[0]}", hint=RULES)
    return sign


def _place(path: Path, error: BaseException) -> str:
    """The file, and the line of it where the error arose."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f"{path}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)
