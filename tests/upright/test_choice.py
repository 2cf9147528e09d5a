"""Which pages are looked at to tell whether turning them upright pays, and what can't be told."""

import numpy as np
import pandas as pd
import pytest

from competition.augmentation.augraphy.bank import open_bank
from competition.common import paths
from competition.data.image_store import ImageStore, write_rows
from competition.data.images import encode_jpeg
from competition.settings import policies
from competition.settings.params import Settings
from competition.settings.upright import UprightSettings
from competition.upright import choice
from competition.upright.choice import look_key, measured_gain
from competition.upright.errors import Errors
from competition.upright.gain import AS_IT_IS, UPRIGHT, Gain
from competition.upright.geometry import UNIT_SQUARE
from competition.upright.straighten import FoldStraightener, save_straightener


def packed(targets: list[str | None], prefix: str) -> list[dict]:
    random = np.random.default_rng(len(targets))
    images = random.integers(0, 255, (len(targets), 32, 32, 3)).astype(np.uint8)
    size = {"height": 32, "width": 32}
    own = [{"id": f"{prefix}{n}", "source_id": f"{prefix}{n}", "target": target} for n, target in enumerate(targets)]
    rows = zip(own, images, strict=True)
    return [one | size | {"view": "clean", "copy": 0, "image": encode_jpeg(image, 90)} for one, image in rows]


def looked_at(folder, monkeypatch, targets: list[str], folds: list[int], task: dict | None = None) -> Gain:
    """Return what a look at 12 of these images finds where nothing is turned, and each is a group."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(choice, "PAGES", 12)
    settings = Settings.model_validate(
        {
            "task": task or {"metric": "f1_macro"},
            "split": {"folds": sorted(set(folds) - {-1, -2})},
            "augment": {"size": 32, "policy": "none", "test_like": {"policy": "none"}},
            "upright": {"use": "auto", "network": "test_efficientnet", "weights": "none"},
            "train": {"members": ["grey"]},
            "members": {"grey": {"kind": "grey"}},
            "specialize": {"base": []},
            "machine": {"workers": 1},
        }
    )
    paths.TRAIN_STORE.parent.mkdir()
    write_rows(paths.TRAIN_STORE, packed(targets, "i"))
    write_rows(paths.TEST_STORE, packed([None] * 6, "t"))
    ids = ImageStore(paths.TRAIN_STORE).column("id")
    table = pd.DataFrame({"ID": ids, "target": targets, "fold": folds, "group": ids})
    bank, weights = open_bank(settings.augment.names(), settings.augment, settings.machine, folder), np.eye(8)[0]
    return measured_gain(settings, np.arange(len(ids)), table, ("a", "b"), None, bank, weights, folder / "state")


def test_a_look_is_gone_on_from_only_where_its_copies_would_be_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths.TEST_STORE.parent.mkdir()
    write_rows(paths.TEST_STORE, packed([None] * 6, "t"))
    save_straightener(tmp_path, True, UprightSettings(), 1.0, {}, Errors(UNIT_SQUARE[None], np.ones((1, 8)) / 8))
    straighten = FoldStraightener(tmp_path, out_of_fold=True)

    def key(**augment) -> str:
        rest = {"train": {"members": ["grey"]}, "members": {"grey": {"kind": "grey"}}, "specialize": {"base": []}}
        return look_key(Settings.model_validate({"augment": augment, **rest}), straighten, np.eye(8)[0])

    jpeg = {"jpeg": {"probability": 1, "range": [20, 60]}}
    changed = {"policy": "heavy"}, {"transforms": jpeg}, {"train_on_held_out": True}, {"test_like": {"policy": "light"}}
    assert len({key(), *(key(**one) for one in (*changed, {"quality": 50}, {"size": 64}))}) == 7
    assert key() == key(copies=3, balance=0.5, size=400)  # a look has its own
    before = key(policy="light")
    monkeypatch.setattr(policies, "_read", lambda name: jpeg)
    assert key(policy="light") != before


@pytest.mark.slow
def test_a_rare_class_and_a_small_fold_are_looked_at(tmp_path, monkeypatch):
    targets, folds = ["b", "b", "a", *"a" * 57], [0, 1, 2, *[0, 1] * 28, 0]
    found = looked_at(tmp_path, monkeypatch, targets, folds)
    assert found.left_out == () and not found.gains
    assert found.log_losses[AS_IT_IS] == found.log_losses[UPRIGHT] > 0  # nothing is turned
    store = ImageStore(tmp_path / "state" / AS_IT_IS / "train.arrow")
    shown = {id: target for id, target in zip(store.column("source_id"), store.column("target"), strict=True)}
    assert len(shown) == 12 and {"i0", "i1", "i2"} <= set(shown) and list(shown.values()).count("b") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "defined"), [({"metric": "f1_macro"}, True), ({"metric": "roc_auc", "answer": "probabilities"}, False)]
)
def test_a_fold_that_can_not_be_learnt_is_left_out(tmp_path, monkeypatch, task, defined):
    """What is left to be scored is of class a alone: of one class there is no ROC AUC."""
    targets, folds = ["b", "b", *"a" * 58], [0, 0, *[0, 1] * 29]
    found = looked_at(tmp_path, monkeypatch, targets, folds, task)
    assert found.left_out == (0,) and found.facts()["folds_left_out"] == [0]
    assert found.log_losses.keys() == {AS_IT_IS, UPRIGHT} and (found.scores[UPRIGHT] is not None) == defined


@pytest.mark.slow
def test_where_no_fold_can_be_learnt_nothing_is_turned_and_the_reason_is_told(tmp_path, monkeypatch):
    found = looked_at(tmp_path, monkeypatch, ["b", "b", *"a" * 28], [-2, -2, *[0, 1] * 14])
    assert not found.gains and found.facts().keys() == {"problem"}
    assert "no fold can be learnt" in found.facts()["problem"] and "set upright.use to on" in found.facts()["problem"]


@pytest.mark.slow
def test_a_rare_label_of_several_is_looked_at(tmp_path, monkeypatch):
    task = {"metric": "f1_samples", "labels": "multi", "answer": "label_list"}
    targets, folds = ["a|b", "b", "", *["a", ""] * 20], [0, 1, 1, *[0, 1] * 20]
    found = looked_at(tmp_path, monkeypatch, targets, folds, task)
    store = ImageStore(tmp_path / "state" / UPRIGHT / "train.arrow")
    assert found.left_out == () and {"i0", "i1"} <= set(store.column("source_id"))
