"""Predictions: what they refuse, and that their file gives back what went in, always in the same bytes."""

import time

import numpy as np
import pytest

from competition.data.predictions import Predictions, concatenate, load_predictions, save_predictions


def made_up(ids, n_classes=3, seed=0):
    values = np.random.default_rng(seed).random((len(ids), n_classes)) + 1e-3
    return Predictions(ids, values / values.sum(axis=1, keepdims=True), tuple("abcdefgh"[:n_classes]))


def test_types_and_answers():
    predictions = Predictions(["007", "7"], [[0.5, 0.5, 0], [0.1, 0.2, 0.7]], ["10", "2", "x"])
    assert predictions.probabilities.dtype == np.float32
    assert predictions.ids.tolist() == ["007", "7"]
    assert predictions.answers.tolist() == ["10", "x"]  # of equals the lowest position
    assert len(predictions) == 2


def test_select_aligns():
    predictions = made_up(["a", "b", "c"])
    selected = predictions.select(["c", "a"])
    assert selected.ids.tolist() == ["c", "a"]
    assert (selected.probabilities == predictions.probabilities[[2, 0]]).all()
    with pytest.raises(ValueError, match=r"2 IDs \(x, y\) have no prediction"):
        predictions.select(["x", "a", "y"])


def test_concatenate():
    whole = made_up(list("pqrst"))
    parts = [whole.select(["p", "q"]), whole.select([]), whole.select(["r", "s", "t"])]
    assert (concatenate(parts).probabilities == whole.probabilities).all()
    with pytest.raises(ValueError, match=r"ids: 1 repeated \(p\)"):
        concatenate([whole, whole.select(["p"])])
    with pytest.raises(ValueError, match="different targets"):
        concatenate([whole, made_up(["z"], n_classes=4)])
    with pytest.raises(ValueError, match="found none"):
        concatenate([])


@pytest.mark.parametrize(
    ("ids", "probabilities", "targets", "message"),
    [
        (["a", "a"], [[1, 0], [0, 1]], "xy", "repeated"),
        (["a"], [[1, 0]], "xx", "repeated"),
        (["a"], [[1, 0], [0, 1]], "xy", "shape"),
        (["a"], [[1, 0, 0]], "xy", "shape"),
        (["a"], [[np.nan, 1]], "xy", "isn't finite"),
        (["a"], [[-0.5, 1.5]], "xy", "below 0"),
        (["a"], [[0.5, 0.6]], "xy", "sums to 1.1"),
        ([7], [[1, 0]], "xy", "expected str, found int 7"),
    ],
)
def test_wrong_predictions_are_refused(ids, probabilities, targets, message):
    with pytest.raises(ValueError, match=message):
        Predictions(ids, probabilities, targets)


def test_file_gives_back_what_went_in(tmp_path):
    parts = {"clean": made_up(["ä.jpg", "007"]), "test_like": made_up(["ä.jpg", "007"], seed=1), "test": made_up([])}
    save_predictions(tmp_path / "new" / "x-0.npz", parts)
    loaded = load_predictions(tmp_path / "new" / "x-0.npz")
    assert loaded.keys() == parts.keys()
    for name, part in parts.items():
        assert loaded[name].ids.tolist() == part.ids.tolist()
        assert loaded[name].targets == part.targets
        assert loaded[name].probabilities.tobytes() == part.probabilities.tobytes()
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["x-0.npz"]


def test_equal_content_has_equal_bytes(tmp_path, monkeypatch):
    part = made_up(["a", "b"])
    save_predictions(tmp_path / "one", {"clean": part, "test": part})
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)  # the clock must not get in
    wider = made_up(["a", "b"]).select(np.array(["a", "b", "a long one"])[:2])
    fortran = Predictions(wider.ids, np.asfortranarray(wider.probabilities), wider.targets)
    save_predictions(tmp_path / "other", {"test": fortran, "clean": load_predictions(tmp_path / "one")["clean"]})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "lite0-0.npz"
    with pytest.raises(FileNotFoundError, match="lite0-0.npz"):
        load_predictions(path)
    save_predictions(path, {"clean": made_up(["a", "b"])})
    whole = path.read_bytes()
    for content in (b"", b"nonsense", whole[: len(whole) // 2], whole[:150] + b"\xff" + whole[151:]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"lite0-0\.npz: not a file of predictions"):
            load_predictions(path)
    np.savez(path, something=np.zeros(3))
    with pytest.raises(ValueError, match="not a file of predictions"):
        load_predictions(path)
    np.savez(path, **{"clean.ids": np.array([{"pickled": 1}], dtype=object)})
    with pytest.raises(ValueError, match="not a file of predictions"):
        load_predictions(path)
