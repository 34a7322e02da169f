"""Learning from decisions: what a model says adds up, remembers, is refused, is used and is taken back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mulegraph.errors import DataError, UsageError
from mulegraph.learn.features import Features
from mulegraph.learn.labels import Labels, check_enough, from_file
from mulegraph.learn.model import Model, Rows, _fitted, folds, said
from mulegraph.learn.used import use, used_hash
from mulegraph.workspace.learning import average_precision
from mulegraph.workspace.learning import fitted as model_and_trial
from mulegraph.workspace.run import Runs
from mulegraph.workspace.workspace import Workspace
from tests.command import answered, run

SIGNS = ("N1", "N2")


def known(size: int) -> tuple[Features, np.ndarray]:
    """Accounts of which N1 speaks the truth and N2 says nothing."""
    rng = np.random.default_rng(7)
    guilty = rng.random(size) < 0.3
    nats = np.stack([rng.exponential(1, size) + 3 * guilty, rng.exponential(1, size)], axis=1)
    return Features(("nats N1", "nats N2"), SIGNS, (True, True), nats, SIGNS, nats), guilty


def fitted(size: int) -> tuple[Model, Features]:
    features, guilty = known(size)
    everybody = np.ones(size, bool)
    rows = Rows(np.arange(size), guilty.astype(float), np.ones(size), np.zeros(size, np.int64))
    return _fitted(features, rows, everybody, 0.1), features


def test_reasons_add_up_to_the_log_odds_of_trees_and_weights():
    """SHAP values by sign, weights and base give what LightGBM itself says beside its start."""
    import lightgbm

    model, features = fitted(300)
    told = said(model, features)
    start = model.curve[0] + features.nats @ np.array(model.weights)
    trees = lightgbm.Booster(model_str=model.trees).predict(features.values, raw_score=True)
    assert np.allclose(told.total, start + trees)


def test_few_decisions_change_weights_little_and_many_change_them_much():
    """A sign that says nothing keeps most of its weight after ten decisions, and loses it after a thousand."""
    few, many = fitted(10)[0].weights[1], fitted(1_000)[0].weights[1]
    assert many < 0.4 < 0.6 < few


def test_what_speaks_against_an_account_never_lowers_it():
    """More nats of a sign never give lower log odds."""
    model, features = fitted(300)
    rising = np.stack([np.linspace(0, 6, 50), np.ones(50)], axis=1)
    more = Features(features.names, SIGNS, features.rises, rising, SIGNS, rising)
    assert (np.diff(said(model, more).total) >= -1e-9).all()


def test_the_same_decisions_give_the_same_model_and_it_is_read_as_it_was_written():
    model = fitted(100)[0]
    assert model.hash == fitted(100)[0].hash == Model.parse(model.text).hash


def test_a_network_is_in_one_fold_only():
    network = np.repeat(np.arange(30), 4)
    labels = Labels(np.arange(120), network < 12, network, {}, np.empty(0, np.int64))
    fold = folds(labels)
    assert all(len(set(fold[network == each])) == 1 for each in range(30))
    assert set(fold[labels.guilty]) == set(range(5))


def test_too_few_decisions_are_refused_with_their_numbers():
    with pytest.raises(UsageError, match="4 guilty and 30 innocent"):
        check_enough(np.arange(34) < 4, np.arange(34))


@pytest.mark.parametrize("row", ["X,1", "A,perhaps", "A,0\nA,1"])
def test_a_labels_file_that_may_mean_two_things_is_refused(tmp_path, row):
    """Unknown accounts, unknown words and contradictions name the line."""
    file = tmp_path / "labels.csv"
    file.write_text(f"account_id,label\n{row}\n")
    with pytest.raises(DataError):
        from_file(file, ["A"])


def test_average_precision_does_not_depend_on_the_order_of_equal_scores():
    truth, score = np.array([True, False, True, False]), np.array([0.5, 0.5, 0.5, 0.1])
    assert average_precision(truth, score) == average_precision(truth[::-1], score[::-1]) == pytest.approx(2 / 3)


@pytest.fixture(scope="module")
def decided(few_cases, tmp_path_factory) -> tuple[Path, Path]:
    """A workspace, and a file in which all accounts are decided: those that score high are guilty."""
    folder = tmp_path_factory.mktemp("learn") / "workspace"
    shutil.copytree(few_cases, folder)
    space = Workspace(folder)
    first = set(space.ranking(top=16)["account"])
    rows = [f"{each},{int(each in first)},{each}" for each in space.ledger.account_ids.to_pylist()]
    file = folder.with_name("labels.csv")
    file.write_text("account_id,label,network\n" + "\n".join(rows) + "\n")
    return folder, file


def test_learn_shows_first_is_used_by_scans_and_is_taken_back(decided):
    """Scores without a model are the same bytes before and after one was used."""
    folder, file = decided
    digest = Workspace(folder).run.manifest["files"]["scores"]
    trial = json.loads(answered("learn", "--labels", file, "-w", folder, "--format", "json"))
    assert (trial["guilty"], trial["used"]) == (16, False)
    assert not (folder / "model.json").exists()
    if trial["precision"] < trial["precision_today"]:
        assert run("learn", "--labels", file, "--use", "-w", folder).code == 2
    _use(folder, file)
    answered("scan", "-w", folder)
    after = Runs(folder).all()[-1]
    assert after.manifest["model"]["hash"] == used_hash(folder)
    for row in after.table("scores").to_pylist():
        assert sum(dict(row["parts"]).values()) == pytest.approx(row["score"], abs=1e-5)
    answered("learn", "--forget", "-w", folder)
    answered("scan", "-w", folder)
    assert Runs(folder).all()[-1].manifest["files"]["scores"] == digest
    assert run("learn", "--forget", "-w", folder).code == 2


def test_where_lists_are_labels_nothing_is_learned_from_them_and_they_still_count(decided, tmp_path):
    """A model of lists is used by the next scan; a listed account keeps the weight that lists have."""
    folder, file = decided
    (tmp_path / "in").mkdir()
    guilty = [row.split(",")[0] for row in file.read_text().splitlines() if row.split(",")[1] == "1"]
    head = "subject_kind,subject_id,list,source,listed_at,expires_at,confidence,reason"
    rows = [f"account,{each},suspicion,police,2026-01-01T00:00:00Z,,1.0," for each in guilty[:8]]
    (tmp_path / "in" / "listings.csv").write_text("\n".join([head, *rows]) + "\n")
    answered("load", tmp_path / "in", "-w", folder)
    answered("scan", "-w", folder)
    others = tmp_path / "others.csv"
    others.write_text("\n".join(row for row in file.read_text().splitlines() if row.split(",")[0] not in guilty[:8]))
    model, trial = model_and_trial(Workspace(folder), others)
    assert model.from_lists and trial.said_by["lists"] == 8
    assert dict(zip(model.signs, model.weights, strict=True))["A4"] == 1.0
    use(folder, model)
    answered("scan", "-w", folder)
    listed = {row["account"]: dict(row["parts"]) for row in Runs(folder).all()[-1].table("scores").to_pylist()}
    assert any("listed" in parts for parts in listed.values())
    answered("learn", "--forget", "-w", folder)


def test_a_model_that_somebody_changed_is_not_used(decided):
    folder, file = decided
    _use(folder, file)
    (folder / "model.json").write_text("{}")
    assert run("scan", "-w", folder).code == 3
    answered("learn", "--forget", "-w", folder)


def _use(folder: Path, file: Path) -> None:
    """Put a model to use, whatever it is worth: labels that are today's ranking cannot be ranked better."""
    use(folder, model_and_trial(Workspace(folder), file)[0])


def test_without_decisions_learn_says_what_is_missing(few_cases):
    done = run("learn", "-w", few_cases)
    assert done.code == 2
    assert "too little is decided" in done.err
    assert "Close more cases" in done.err
