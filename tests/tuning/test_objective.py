"""What a trial trains and tells: the stage's own training, resumed; the copies it is trained on; the comparison at the
end.
"""

from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from makers.metrics import F1
from makers.packed import TARGETS, packed_competition, square
from optuna.distributions import FloatDistribution, IntDistribution
from sklearn.metrics import f1_score

from competition.common.optuna_logging import quiet_optuna
from competition.data.image_store import ImageStore, write_rows
from competition.data.images import encode_jpeg
from competition.data.label_sets import decode
from competition.data.predictions import Predictions
from competition.inference.tta import orientation_weights
from competition.members.training import train_member
from competition.metrics.scores import METRICS
from competition.settings import policies
from competition.settings.augment import AugmentSettings
from competition.settings.ensemble import EnsembleSettings
from competition.settings.finetuned import FinetunedSettings
from competition.settings.machine import MachineSettings
from competition.settings.params import Settings
from competition.training.fold_data import load_fold
from competition.training.recovery import Diverged
from competition.tuning.objective import Objective, Trainer
from competition.tuning.packed_copies import Stores
from competition.tuning.pruning import RungPruner
from competition.tuning.rescoring import Rescored, compare, other_folds, rescore
from competition.tuning.space import COPIES, TrialSettings, trial_settings

pytestmark = pytest.mark.slow

DAMAGE = {
    "shadow": {"probability": 0.6, "range": [0.2, 0.5]},
    "gauss_noise": {"probability": 0.5, "range": [0.05, 0.1]},
}
VIEWS = {"policy": "none", "transforms": {"jpeg": {"probability": 1, "range": [20, 60]}}}
AUGMENT = {"size": 32, "copies": 3, "policy": "none", "transforms": DAMAGE, "test_like": VIEWS}
TINY = FinetunedSettings(
    network="test_resnet", weights="none", size=32, epochs=2, batch_size=8, learning_rate=1e-2, precision="float32"
)
SETTINGS = Settings(
    augment=AUGMENT,
    train={"members": ["tiny"]},
    members={"tiny": TINY},
    specialize={"base": ["tiny"], "network": {"network": "test_resnet", "size": 32}},
)
SPACE = {"learning_rate": FloatDistribution(1e-3, 1e-1, log=True), COPIES: IntDistribution(1, 3)}
POINT = {"learning_rate": 0.02, COPIES: 2}


@pytest.fixture(autouse=True)
def quiet():
    with quiet_optuna():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("competition")


@pytest.fixture(scope="module")
def folds(folder):
    return packed_competition(folder)


def stores_in(folder, own=SETTINGS.augment, most=6):
    return Stores(
        folder / "train.arrow",
        folder / "augmented.arrow",
        folder / "test.arrow",
        own,
        most,
        MachineSettings(workers=1),
        folder / "cache",
    )


def trainer_in(folder, states):
    return Trainer(SETTINGS, TARGETS, stores_in(folder), states)


def asked(*rungs):
    study = optuna.create_study(direction="maximize", pruner=RungPruner(rungs))
    study.enqueue_trial(POINT)
    return study, study.ask()


def test_a_trial_is_the_mean_of_what_the_stage_would_train(folder, folds, tmp_path):
    study, trial = asked()
    value = Objective(trainer_in(folder, tmp_path), "tiny", SPACE, folds)(trial)
    member = FinetunedSettings(**TINY.model_dump() | {"learning_rate": 0.02})
    best_of_fold, scores, told = [], [], trial.study.trials[0].intermediate_values
    for fold in (0, 1, 2):
        data = load_fold(fold, folds, TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1)
        # the clean one, and two of three
        data = type(data)(**vars(data) | {"train_rows": tuple(rows[:3] for rows in data.train_rows)})
        weights, state = orientation_weights(20, 0), tmp_path / f"{fold}.pt"
        expected = train_member(member, data, TARGETS, weights, state, lambda row: None)
        truth = folds.set_index("ID").target.loc[expected.predictions["test_like"].ids.tolist()]
        scores.append(f1_score(truth, expected.predictions["test_like"].answers, average="macro"))
        best_of_fold.append([row["test_like"] for row in expected.history])
    assert value == pytest.approx(np.mean(scores))
    assert set(told) == set(range(9))  # 3 folds of 2 epochs and an end
    assert told[3] == pytest.approx((scores[0] + best_of_fold[1][0]) / 2)
    assert told[4] == pytest.approx((scores[0] + max(best_of_fold[1])) / 2)
    assert told[2] == pytest.approx(scores[0]) and told[5] == pytest.approx(np.mean(scores[:2]))
    assert not list(tmp_path.glob("tune-*"))  # its state is gone with it


class Stop(Exception):
    pass


def test_a_trial_that_is_taken_up_trains_only_what_is_missing(folder, folds, tmp_path, monkeypatch, capsys):
    import competition.tuning.objective as module

    whole = Objective(trainer_in(folder, tmp_path / "whole"), "tiny", SPACE, folds)(asked()[1])
    lines, real = [], module.print_epoch

    def watched(row):
        real(row)
        lines.append(row["epoch"])
        if len(lines) == 3:
            raise Stop

    monkeypatch.setattr(module, "print_epoch", watched)
    objective = Objective(trainer_in(folder, tmp_path / "stopped"), "tiny", SPACE, folds)
    with pytest.raises(Stop):
        objective(asked()[1])
    assert lines == [0, 1, 0] and len(list((tmp_path / "stopped").glob("*.pt"))) == 2
    study, trial = asked()
    assert objective(trial) == whole and lines[3:] == [1, 0, 1]
    assert set(study.trials[0].intermediate_values) == set(range(9))  # what was told before is told again


def test_a_bad_start_is_ended_at_the_rung_and_its_state_removed(folder, folds, tmp_path):
    study, trial = asked(1)
    for _ in range(5):
        study.add_trial(
            optuna.create_trial(state=optuna.trial.TrialState.COMPLETE, value=1.0, intermediate_values={1: 1.1})
        )
    with pytest.raises(optuna.TrialPruned):
        Objective(trainer_in(folder, tmp_path), "tiny", SPACE, folds)(trial)
    assert set(study.trials[0].intermediate_values) == {0, 1} and not list(tmp_path.glob("*.pt"))


def test_a_loss_that_is_no_number_is_a_bad_trial(folder, folds, tmp_path):
    point = {"learning_rate": 0.02, COPIES: 1}
    hot = Settings(
        **SETTINGS.model_dump() | {"members": {"tiny": TINY.model_copy(update={"learning_rate": 1e30}).model_dump()}}
    )
    study = optuna.create_study(direction="maximize")
    study.enqueue_trial(point | {"learning_rate": 1e30})
    space = SPACE | {"learning_rate": FloatDistribution(1e29, 1e31, log=True)}
    with pytest.raises(optuna.TrialPruned, match="the loss is") as caught:
        Objective(Trainer(hot, TARGETS, stores_in(folder), tmp_path), "tiny", space, folds)(study.ask())
    assert isinstance(caught.value.__cause__, Diverged)


# the copies


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A project with six pages, packed as the stage `augment` does."""
    folder, generator = tmp_path_factory.mktemp("pages"), np.random.default_rng(0)
    images = [np.kron(square(n % 3, generator), np.ones((2, 2, 1), np.uint8)) for n in range(6)]
    rows = [
        {"id": f"p{n}", "target": TARGETS[n % 3], "image": encode_jpeg(image, 95)} for n, image in enumerate(images)
    ]
    write_rows(folder / "train.arrow", rows)
    write_rows(folder / "test.arrow", [])
    stores = stores_in(folder)
    stores._pack(folder / "augmented.arrow", SETTINGS.augment)
    return folder


def views(path):
    store = ImageStore(path)
    columns = zip(store.column("source_id"), store.column("view"), store.column("copy").tolist(), strict=True)
    return {key: store.encoded(row).tobytes() for row, key in enumerate(columns)}


def strength(factor):
    return trial_settings(SETTINGS, "tiny", {"augment.strength": factor}).augment


def test_the_packed_copies_are_taken_where_they_are_the_wanted_ones(pages):
    stores = stores_in(pages)
    assert (
        stores.path(SETTINGS.augment)
        == stores.path(AugmentSettings(**AUGMENT | {"copies": 1}))
        == pages / "augmented.arrow"
    )


def test_the_views_that_are_scored_are_the_same_for_all(pages):
    stores = stores_in(pages)
    wanted = SETTINGS.augment, strength(1.5), AugmentSettings(**AUGMENT | {"copies": 6})
    own, strong, many = (views(stores.path(settings)) for settings in wanted)
    for other in (strong, many):
        scored = [key for key in own if key[1] != "train"]
        assert len(scored) == 18 and all(own[key] == other[key] for key in scored)
        assert len(other) == 6 * (3 + 6)  # as many as any trial wants
    copies = [key for key in own if key[1] == "train"]
    assert all(own[key] == many[key] for key in copies) and any(own[key] != strong[key] for key in copies)


def test_each_strength_is_packed_once(pages):
    stores = stores_in(pages)
    path = stores.path(strength(1.5))
    before = path.stat().st_mtime_ns
    fewer = strength(1.5).model_copy(update={"copies": 1})
    assert stores.path(strength(1.5)) == stores.path(fewer) == path and path.stat().st_mtime_ns == before
    assert stores.path(strength(0.5)) != path


def test_a_policy_whose_file_was_changed_is_packed_anew(pages, monkeypatch):
    stores, found = stores_in(pages), []
    light = SETTINGS.augment.model_copy(update={"policy": "light", "transforms": {}})
    for least in (70, 20):
        monkeypatch.setattr(
            policies, "_read", lambda name, least=least: {"jpeg": {"probability": 1, "range": [least] * 2}}
        )
        found.append(views(stores.path(light)))
    assert found[0].keys() == found[1].keys() and all(
        found[0][key] != found[1][key] for key in found[0] if key[1] == "train"
    )


def test_fewer_copies_are_the_first(pages):
    folds = pd.DataFrame(
        [(f"p{n}", TARGETS[n % 3], n // 3, f"g{n}") for n in range(6)], columns=["ID", "target", "fold", "group"]
    )
    stores = stores_in(pages)
    for settings, count in (
        (strength(1.5), 3),
        (strength(1.5).model_copy(update={"copies": 5}), 5),
        (SETTINGS.augment, 3),
    ):
        data = stores.load(settings, 0, folds, TARGETS, F1)
        copies = data.store.column("copy")
        assert [[int(copies[row]) for row in rows] for rows in data.train_rows] == [[0, *range(count)]] * 3


def test_copies_of_other_settings_or_pages_are_found(pages, tmp_path):
    stores_in(pages).check()
    changed = AUGMENT | {"test_like": VIEWS | {"transforms": {"jpeg": {"probability": 1, "range": [20, 40]}}}}
    for other in (changed, AUGMENT | {"seed": 1}, AUGMENT | {"copies": 4}, AUGMENT | {"size": 40}):
        with pytest.raises(
            ValueError, match="augmented.arrow: not made of .*train.arrow by the `augment` of params.yaml"
        ):
            stores_in(pages, own=AugmentSettings(**other)).check()
    for name in ("augmented.arrow", "test.arrow"):
        (tmp_path / name).write_bytes((pages / name).read_bytes())
    rows = [{"id": "p0", "target": TARGETS[0], "image": encode_jpeg(square(1, np.random.default_rng(5)), 95)}]
    write_rows(tmp_path / "train.arrow", rows)
    with pytest.raises(ValueError, match="not made of"):
        stores_in(tmp_path).check()


def test_a_store_that_params_yaml_has_left_behind(pages):
    folds = pd.DataFrame(
        [(f"p{n}", TARGETS[n % 3], n // 3, f"g{n}") for n in range(6)], columns=["ID", "target", "fold", "group"]
    )
    more = AugmentSettings(**AUGMENT | {"copies": 4})
    with pytest.raises(ValueError, match="fewer copies of an image than augment.copies; run `dvc repro augment`"):
        stores_in(pages, own=more).load(more, 0, folds, TARGETS, F1)


# what the best is worth


def test_folds_are_dealt_anew_by_the_same_rules(folds):
    held = folds.assign(
        fold=np.where(np.arange(len(folds)) < 4, -1, folds.fold), group=[f"g{n // 2}" for n in range(len(folds))]
    )
    other = other_folds(held, 0)
    assert (other.fold[:4] == -1).all() and set(other.fold[4:]) == {0, 1, 2} and (other.fold != held.fold).any()
    assert other.groupby("group").fold.nunique().max() == 1 and other.drop(columns="fold").equals(
        held.drop(columns="fold")
    )
    assert other_folds(held, 0).equals(other) and not other_folds(held, 1).equals(other)


def predictions(ids, answers):
    return Predictions(ids, np.eye(3)[answers], TARGETS)


def test_a_comparison_is_paired_and_says_when_nothing_can_be_told():
    generator = np.random.default_rng(0)
    ids, labels = [f"{n}" for n in range(300)], generator.integers(3, size=300)
    table = pd.DataFrame({"ID": ids, "target": np.array(TARGETS)[labels], "group": ids})
    good, bad = labels.copy(), labels.copy()
    good[:30], bad[:90] = (labels[:30] + 1) % 3, (labels[:90] + 1) % 3
    other = labels.copy()
    other[30:61] = (labels[30:61] + 1) % 3
    settings = EnsembleSettings(resamples=500)
    shuffled = generator.permutation(300)
    found = compare(table, predictions(ids, bad), predictions([ids[n] for n in shuffled], good[shuffled]), settings, F1)
    assert found.verdict == "better" and found.own[0] == pytest.approx(f1_score(labels, bad, average="macro"))
    assert found.gain[0] == pytest.approx(
        f1_score(labels, good, average="macro") - f1_score(labels, bad, average="macro")
    )
    assert found.gain[1] < found.gain[0] < found.gain[2] and found.own[1] < found.own[0] < found.own[2]
    assert compare(table, predictions(ids, good), predictions(ids, bad), settings, F1).verdict == "worse"
    assert (
        compare(table, predictions(ids, good), predictions(ids, other), settings, F1).verdict == "can't be told apart"
    )
    same = compare(table, predictions(ids, good), predictions(ids, good), settings, F1)
    assert same.gain == (0, 0, 0) and same.verdict == "can't be told apart"


def test_where_less_is_better_a_gain_is_a_lower_score():
    generator = np.random.default_rng(0)
    ids, labels = [f"{n}" for n in range(300)], generator.integers(3, size=300)
    table = pd.DataFrame({"ID": ids, "target": np.array(TARGETS)[labels], "group": ids})
    likely = Predictions(ids, 0.7 * np.eye(3)[labels] + 0.1, TARGETS)
    even = Predictions(ids, np.full((300, 3), 1 / 3), TARGETS)
    metric, settings = METRICS["log_loss"](), EnsembleSettings(resamples=100)
    found = compare(table, even, likely, settings, metric)
    assert found.own[0] == pytest.approx(np.log(3)) and found.best[0] == pytest.approx(-np.log(0.8))
    assert found.gain[0] == pytest.approx(np.log(3) + np.log(0.8)) and found.verdict == "better"
    assert compare(table, likely, even, settings, metric).verdict == "worse"


def test_sets_of_labels_are_compared():
    generator = np.random.default_rng(0)
    ids, labels = [f"{n}" for n in range(200)], (generator.random((200, 3)) < 0.4).astype(np.uint8)
    table = pd.DataFrame({"ID": ids, "target": decode(labels, TARGETS), "fold": 0, "group": ids})
    right = Predictions(ids, 0.8 * labels + 0.1, TARGETS, exclusive=False)
    some = Predictions(ids, np.where(generator.random((200, 3)) < 0.7, 0.8 * labels + 0.1, 0.3), TARGETS, False)
    found = compare(table, some, right, EnsembleSettings(resamples=100), METRICS["f1_macro"]())
    assert found.best[0] == 1 and found.verdict == "better"
    assert found.own[0] == pytest.approx(f1_score(labels, some.labels, average="macro"))
    table = table.assign(fold=np.arange(200) % 4)
    dealt = other_folds(table, 0, several=True)
    counts = np.array([labels[dealt.fold == fold].sum(axis=0) for fold in range(4)])
    assert (dealt.fold != table.fold).any() and (np.ptp(counts, axis=0) <= 2).all()


def test_copies_are_those_of_the_rarest_label(tmp_path):
    """12 images with the first class, four of which have the second one too, which has as many copies again."""
    generator, targets = np.random.default_rng(0), [TARGETS[0]] * 8 + [f"{TARGETS[0]}|{TARGETS[1]}"] * 4
    rows = [
        {"id": f"{n:02d}", "target": target, "image": encode_jpeg(square(n % 3, generator), 95)}
        for n, target in enumerate(targets)
    ]
    write_rows(tmp_path / "train.arrow", rows)
    own = AugmentSettings(**AUGMENT | {"copies": 2, "balance": 1.0})
    settings = own.model_copy(update={"copies": 1})
    stores = Stores(*_paths(tmp_path), own, 2, MachineSettings(workers=1), tmp_path / "cache", several=True)
    images = ImageStore(stores.path(settings.model_copy(update={"transforms": {}})))
    views = [id for id, view in zip(images.column("source_id"), images.column("view"), strict=True) if view == "train"]
    assert [views.count(f"{n:02d}") for n in (0, 7, 8, 11)] == [2, 2, 6, 6]


def _paths(folder):
    return folder / "train.arrow", folder / "augmented.arrow", folder / "test.arrow"


def test_both_are_trained_anew_on_the_same_other_folds_and_seeds(tmp_path):
    table = packed_competition(tmp_path)
    own, best = (
        TrialSettings(TINY.model_copy(update={"learning_rate": rate}), SETTINGS.augment) for rate in (0.01, 0.02)
    )
    seen = []

    class Stub(Trainer):
        def __call__(self, found, fold, folds, report=None):
            seen.append((found.member.learning_rate, found.member.seed, fold, tuple(folds.fold)))
            rows = folds[folds.fold == fold]
            right = [TARGETS.index(target) for target in rows.target]
            made = predictions(rows.ID.tolist(), right if found.member.learning_rate == 0.02 else [0] * len(rows))
            return type("Trained", (), {"predictions": {"test_like": made}})

    found = rescore(Stub(SETTINGS, TARGETS, stores_in(tmp_path), tmp_path), own, best, table, tmp_path / "study", 0)
    assert isinstance(found, Rescored) and found.best[0] == 1 and found.verdict == "better"
    assert sorted((rate, fold) for rate, _, fold, _ in seen) == [
        (rate, fold) for rate in (0.01, 0.02) for fold in (0, 1, 2)
    ]
    assert (
        len({(seed, dealt) for _, seed, _, dealt in seen}) == 1
        and seen[0][1] != TINY.seed
        and seen[0][3] != tuple(table.fold)
    )
    again = rescore(Stub(SETTINGS, TARGETS, stores_in(tmp_path), tmp_path), own, best, table, tmp_path / "study", 0)
    assert again == found and len(seen) == 6  # what is there is not trained again
    assert len(list(Path(tmp_path / "study").glob("*.npz"))) == 6
