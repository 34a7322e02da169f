"""How what a sign gives becomes findings: columns in FINDINGS, and the sign's facts beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mulegraph.lazy import pandas as pd
from mulegraph.schema.columns import AMOUNT, REAL, TEXT, TEXTS, TIME, Field
from mulegraph.schema.findings import FINDINGS, Role
from mulegraph.signs.base import FINDING, Rows, Sign, identity, score_of
from mulegraph.signs.inputs import SignInputs

PLACES = 6
"""Digits of a score and of a surprise that are kept; engines add up in different orders, and differ after them."""
FACT_PLACES = 2


GIVEN = (
    "subject_id",
    "score",
    "surprise",
    "worth",
    "first_at",
    "last_at",
    "amount",
    "currency",
    "phase",
    "pattern",
    "victim",
    "accounts",
    "evidence",
)
"""Columns that every sign may give; any other is a fact."""


@dataclass(frozen=True)
class Found:
    """What a sign found: `findings` in FINDINGS, best first, and in the same order `facts` in the sign's own schema."""

    findings: pa.Table
    facts: pa.Table


def run_sign(of: Sign, inputs: SignInputs, changed: Mapping[str, Any]) -> Found:
    """Findings of a sign, best first, and their facts; `changed` replaces thresholds."""
    return as_found(of, _as_arrow(of.rows(inputs, changed)))


def _as_arrow(rows: Rows) -> pa.Table:
    """What a sign gives, in an order inside lists that does not depend on the engine."""
    if isinstance(rows, pa.Table):
        return rows
    if isinstance(rows, pd.DataFrame):
        return pa.table({str(name): pa.array(rows[name], from_pandas=True) for name in rows.columns})
    table = rows.to_pyarrow()
    for place, each in enumerate(table.schema):
        if pa.types.is_list(each.type) or pa.types.is_large_list(each.type):
            table = table.set_column(place, each.name, _sorted_lists(table[each.name]))
    return table


def _sorted_lists(column: pa.ChunkedArray) -> pa.Array:
    """Each list in the order of its values; none is null."""
    lists = column.combine_chunks()
    values, of = pc.list_flatten(lists), pc.list_parent_indices(lists)
    order = pc.sort_indices(pa.table({"of": of, "value": values}), [("of", "ascending"), ("value", "ascending")])
    sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pa.ListArray.from_arrays(_offsets(sizes), values.take(order))


def _offsets(sizes: np.ndarray) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())


def as_found(of: Sign, rows: pa.Table) -> Found:
    """The rows of a sign as findings and facts, best first. Raises TypeError for a fact that it does not declare."""
    if not len(rows):
        return Found(FINDINGS.empty(), of.facts_schema.empty())
    schema = of.facts_schema
    given = set(rows.column_names) - set(GIVEN)
    if undeclared := given - set(schema.names):
        raise TypeError(f"fact '{min(undeclared)}' is not declared: add it to facts=(…)")
    if "worth" in rows.column_names and not of.measured:
        raise TypeError("gives 'worth' and is not declared as measured: add measured=True")
    if lacking := set(schema.names) - given - {FINDING}:
        raise TypeError(f"fact '{min(lacking)}' is declared and not given")
    subjects = rows["subject_id"].cast(TEXT).combine_chunks()
    names = pa.array([identity(of.code, of.subject, each) for each in subjects.to_pylist()], TEXT)
    facts = {each.name: _fact(rows[each.name], each) for each in schema.fields if each.name != FINDING}
    columns = {**_given(of, rows), "finding": names, "subject_id": subjects}
    columns["role"] = _roles(of, facts, columns["victim"])
    findings = FINDINGS.table(columns)
    order = best_first(findings)
    return Found(findings.take(order), schema.table({**facts, FINDING: names}).take(order))


def best_first(findings: pa.Table) -> pa.Array:
    """The order of findings: the strongest first, then the most surprising, then by id."""
    keys = pa.table(
        {
            "score": findings["score"],
            "surprise": pc.fill_null(findings["surprise"], 0.0),
            "finding": findings["finding"],
        }
    )
    return pc.sort_indices(keys, [("score", "descending"), ("surprise", "descending"), ("finding", "ascending")])


def _given(of: Sign, rows: pa.Table) -> dict[str, Any]:
    """The columns of FINDINGS that come from the rows, with what stands where a sign gives none."""
    size, given = len(rows), set(rows.column_names)
    none = {name: pa.nulls(size, FINDINGS[name].type) for name in GIVEN}
    surprise = rows["surprise"].cast(REAL) if "surprise" in given else none["surprise"]
    score = rows["score"] if "score" in given else pa.array(score_of(surprise.to_numpy()))
    columns = {
        "sign": pa.repeat(pa.scalar(of.code), size),
        "subject_kind": pa.repeat(pa.scalar(of.subject), size),
        "score": _rounded(score, PLACES),
        "surprise": _rounded(surprise, PLACES),
        "worth": _rounded(rows["worth"], PLACES) if "worth" in given else none["worth"],
        "phase": pc.fill_null(rows["phase"].cast(TEXT), str(of.phase)) if "phase" in given else [str(of.phase)] * size,
        "victim": pc.fill_null(rows["victim"], of.harms) if "victim" in given else [of.harms] * size,
        "evidence": _lists(rows["evidence"]) if "evidence" in given else [[]] * size,
        "accounts": _lists(rows["accounts"]) if "accounts" in given else _singles(rows["subject_id"]),
    }
    for name, kind in (
        ("first_at", TIME),
        ("last_at", TIME),
        ("amount", AMOUNT),
        ("currency", TEXT),
        ("pattern", TEXT),
    ):
        columns[name] = _cast(rows[name], kind) if name in given else none[name]
    return columns


def _cast(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_floating(values.type) and pa.types.is_decimal(kind):
        values = pc.round(values, 3)
    return values.cast(kind, safe=False) if pa.types.is_timestamp(kind) else values.cast(kind)


def _lists(values: pa.ChunkedArray) -> pa.Array:
    """Lists of texts, an empty one where there is none."""
    lists = values.cast(TEXTS).combine_chunks()
    if not lists.null_count:
        return lists
    sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pa.ListArray.from_arrays(_offsets(sizes), pc.list_flatten(lists))


def _singles(subjects: pa.ChunkedArray) -> pa.Array:
    """Each subject as a list of its own."""
    return pa.ListArray.from_arrays(_offsets(np.ones(len(subjects), np.int64)), subjects.cast(TEXT).combine_chunks())


def _rounded(values: Any, places: int) -> pa.Array:
    """Rounded numbers; what is not a number is empty."""
    numbers = _whole(values).cast(REAL).to_numpy(zero_copy_only=False)
    return pa.array(np.round(numbers, places), REAL, mask=np.isnan(numbers))


def _fact(values: pa.ChunkedArray, of: Field) -> pa.Array | pa.ChunkedArray:
    """A fact as it is declared: numbers rounded, whole ones whole."""
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), of.type)
    if of.type == REAL:
        return _rounded(values, FACT_PLACES)
    if pa.types.is_integer(of.type) and not pa.types.is_integer(values.type):
        return _rounded(values, 0).cast(of.type)
    if of.type == TEXTS:
        return _lists(values)
    return _cast(values, of.type)


def _roles(of: Sign, facts: Mapping[str, Any], victim: Any) -> pa.Array:
    """Role of each subject: a victim's, that of a word among the facts, or the sign's own; accounts only."""
    size = len(victim)
    roles = pa.repeat(pa.scalar(of.role and str(of.role), TEXT), size)
    if of.role_by is not None:
        name, by_word = of.role_by
        words = pa.array(list(by_word), TEXT)
        found = pa.array([str(each) for each in by_word.values()], TEXT).take(pc.index_in(facts[name], value_set=words))
        roles = pc.coalesce(_whole(found), roles)
    if of.subject != "account":
        return pa.nulls(size, TEXT)
    return pc.if_else(_whole(victim), str(Role.VICTIM), roles)


def _whole(values: Any) -> pa.Array:
    """One array of it."""
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    return values if isinstance(values, pa.Array) else pa.array(values)
