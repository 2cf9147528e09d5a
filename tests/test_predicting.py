"""predict on the test images gives the vote's answers, and what else it says of a folder."""

import csv
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from made import TARGETS
from made_project import FOLDS, TEST, UNREADABLE, project  # noqa: F401
from safetensors.torch import load_file, save_file

from competition.combining import combine_specialist
from competition.predictions import Predictions, load_predictions
from competition.settings import load_settings
from competition.shards import ImageStore
from competition.specialist_choice import read_choice
from competition.specialist_votes import replace_hard
from competition.squares import CHUNK, list_files, read_squares, square_of
from competition.voting import soft_vote
from pipelines import predict
from pipelines._main import run

NAMES = dict(zip(TARGETS, ("bright", "dark", "striped"), strict=True))


@pytest.fixture
def at_home(project, monkeypatch):  # noqa: F811
    monkeypatch.chdir(project)
    return project


def table(path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def left_by_training(name: str) -> dict[str, np.ndarray]:
    """Test image -> probabilities (C,): the mean over folds and passes that `train` and `vote` make of it."""
    if name == "net_specialist":
        base, specialist = (soft_vote(of_folds(part)) for part in ("net", "specialist"))
        voted = replace_hard(base, specialist, TARGETS)
    else:
        voted = soft_vote(of_folds(name))
    return dict(zip(voted.ids.tolist(), voted.probabilities, strict=True))


def of_folds(name: str) -> list[Predictions]:
    return [load_predictions(f"folds/predictions/{name}/{fold}.npz")["test"] for fold in FOLDS]


@pytest.mark.parametrize("name", ["net", "features", "grey", "net_specialist"])
def test_the_test_images_get_the_votes_answers(at_home, tmp_path, capsys, name):
    predict.main(Path("data/raw/test"), tmp_path / "found.csv", name, precision=0.5)
    rows = {row["file"].split(".")[0]: row for row in table(tmp_path / "found.csv")}
    answers = {row["ID"]: row["target"] for row in table(f"submissions/members/{name}.csv")}
    broken = UNREADABLE.removesuffix(".png")
    assert set(rows) == set(answers) - {broken} and len(rows) == TEST - 1
    expected = left_by_training(name)
    for id_, row in rows.items():
        order = np.argsort(-expected[id_], kind="stable")
        assert row["target"] == answers[id_] == TARGETS[order[0]] and row["runner_up"] == TARGETS[order[1]]
        assert row["class_name"] == NAMES[row["target"]]
        assert float(row["probability"]) == pytest.approx(expected[id_][order[0]], abs=2e-5)
        assert float(row["runner_up_probability"]) == pytest.approx(expected[id_][order[1]], abs=2e-5)
    assert np.ptp(np.stack(list(expected.values())), axis=0).max() > 1e-3  # or one answer to all would do
    assert f"warning: unreadable file={UNREADABLE}" in capsys.readouterr().out


def test_fast_is_one_fold_and_one_view(at_home, tmp_path):
    predict.main(Path("data/raw/test"), tmp_path / "fast.csv", "grey", fast=True)
    predict.main(Path("data/raw/test"), tmp_path / "full.csv", "grey")
    fast, full = table(tmp_path / "fast.csv"), table(tmp_path / "full.csv")
    weights = {key: value.numpy() for key, value in load_file("folds/weights/grey/0.safetensors").items()}
    settings = load_settings()
    for row in fast:  # the regression by hand, on the upright square's grey pixels
        square = square_of(Path("data/raw/test") / row["file"], settings.prepare, settings.augment, packed=False)
        grey = np.rint(square @ np.array([0.299, 0.587, 0.114]))
        values = np.rint(grey.reshape(8, 5, 8, 5).mean(axis=(1, 3))).ravel() / 255
        logits = (values - weights["mean"]) / weights["scale"] @ weights["coefficients"].T + weights["intercepts"]
        chances = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert float(row["probability"]) == pytest.approx(chances.max(), abs=0.02)
    assert [row["file"] for row in fast] == [row["file"] for row in full]
    assert [row["probability"] for row in fast] != [row["probability"] for row in full]


def test_without_a_name_the_leaderboards_best_votes(at_home, tmp_path, capsys):
    best = table("submissions/leaderboard.csv")[0]["submission"]
    predict.main(Path("data/raw/test"), tmp_path / "found.csv")
    assert f"asking vote={best} folds=2 " in capsys.readouterr().out


def test_a_folder_with_folders_and_other_files(at_home, tmp_path, capsys):
    inside = tmp_path / "scans/2026, May"
    inside.mkdir(parents=True)
    shutil.copy("data/raw/test/t1.png", inside / 'a "quoted".png')
    shutil.copy("data/raw/test/t2.png", inside / "no-extension")
    shutil.copy("data/raw/test/t3.png", os.fsencode(inside) + b"/\xff.png")  # no UTF-8
    (inside / "notes.txt").write_text("no image")
    (tmp_path / "scans/empty.jpg").touch()
    (tmp_path / "scans/.hidden.png").touch()
    predict.main(tmp_path / "scans", tmp_path / "found.csv", "grey")
    predict.main(Path("data/raw/test"), tmp_path / "direct.csv", "grey")
    found = {row.pop("file"): row for row in table(tmp_path / "found.csv")}
    direct = {row.pop("file"): row for row in table(tmp_path / "direct.csv")}
    assert found == {'2026, May/a "quoted".png': direct["t1.png"], "2026, May/no-extension": direct["t2.png"],
                     "2026, May/\\xff.png": direct["t3.png"]}  # fmt: skip
    said = capsys.readouterr().out
    assert "warning: unreadable file=empty.jpg problem=empty file" in said and "unreadable=1 no_images=1" in said


@pytest.mark.parametrize("precision", [0.5, 0.95])
def test_on_the_command_line_with_the_unsure_marked(at_home, tmp_path, monkeypatch, precision):
    arguments = ["data/raw/test", "--out", f"{tmp_path}/found.csv", "--member", "net", "--precision", f"{precision}"]
    monkeypatch.setattr(sys, "argv", ["predict", *arguments])
    with pytest.raises(SystemExit) as end:
        run(predict.main)
    assert not end.value.code
    answers = [(p.max(), target == p.argmax()) for target, p in out_of_fold("net")]
    good = [at for at, _ in answers if np.mean([right for other, right in answers if other >= at]) >= precision]
    lowest = min(good, default=2.0)
    rows = table(tmp_path / "found.csv")
    assert [row["unsure"] for row in rows] == ["no" if float(row["probability"]) >= lowest - 1e-6 else "yes" for row in rows]


def out_of_fold(name: str) -> list[tuple[int, np.ndarray]]:
    """The true class's index and the test-like probabilities (C,) of each training image."""
    label = {row["ID"]: TARGETS.index(row["target"]) for row in table("folds/folds.csv")}
    parts = [load_predictions(f"folds/predictions/{name}/{fold}.npz")["test_like"] for fold in FOLDS]
    return [(label[id_], row) for part in parts for id_, row in zip(part.ids.tolist(), part.probabilities, strict=True)]


def test_nothing_to_label(at_home, tmp_path):
    with pytest.raises(ValueError, match="no image in it that could be read"):
        predict.main(tmp_path, tmp_path / "found.csv", "grey")
    with pytest.raises(NotADirectoryError, match="no such folder"):
        predict.main(tmp_path / "nowhere", tmp_path / "found.csv", "grey")
    assert not (tmp_path / "found.csv").exists()


def test_an_unknown_vote(at_home, tmp_path):
    with pytest.raises(ValueError, match="--member lite9: expected one of net, features, grey, net_specialist"):
        predict.main(Path("data/raw/test"), tmp_path / "found.csv", "lite9")


@pytest.mark.parametrize("name", ["net", "grey", "features"])
def test_weights_of_other_classes_are_refused(at_home, tmp_path, name):
    weights = Path(f"folds/weights/{name}/0.safetensors")
    whole = weights.read_bytes()
    try:
        weights.unlink()
        save_file({key: value[:2].contiguous() if value.dim() and len(value) == 3 else value
                   for key, value in load_from(whole).items()}, weights)  # fmt: skip
        with pytest.raises((ValueError, RuntimeError), match="0.safetensors: .*run `dvc repro`"):
            predict.main(Path("data/raw/test"), tmp_path / "found.csv", name)
        weights.write_bytes(b"none")
        with pytest.raises(ValueError, match="0.safetensors: can't be read"):
            predict.main(Path("data/raw/test"), tmp_path / "found.csv", name)
        weights.unlink()
        with pytest.raises(FileNotFoundError, match="dvc repro"):
            predict.main(Path("data/raw/test"), tmp_path / "found.csv", name)
    finally:
        weights.write_bytes(whole)


def load_from(content: bytes) -> dict[str, torch.Tensor]:
    from safetensors.torch import load

    return load(content)


def test_squares_are_the_packed_ones(at_home):
    settings, store = load_settings(), ImageStore("data/test_squares.arrow")
    chunks = list(read_squares("data/raw/test", list_files("data/raw/test"), settings.prepare, settings.augment))
    assert len(chunks) == 1 and [name.split(".")[0] for name in chunks[0].names] == store.column("source_id")
    for row in range(len(store)):
        assert (chunks[0].squares.image(row) == store.image(row)).all()
    assert list(chunks[0].unreadable) == [UNREADABLE] and chunks[0].others == 0


def test_chunks_keep_the_order(at_home, tmp_path):
    for n in range(2 * CHUNK + 3):
        shutil.copy(f"data/raw/test/t{1 + n % 6}.png", tmp_path / f"{n:03d}.png")
    settings, names = load_settings(), list_files(tmp_path)
    chunks = list(read_squares(tmp_path, names, settings.prepare, settings.augment, threads=4))
    assert [len(chunk.names) for chunk in chunks] == [CHUNK, CHUNK, 3]
    assert [name for chunk in chunks for name in chunk.names] == names == sorted(names)
    squares = [square for chunk in chunks for square in chunk.squares.pixels]
    assert all((square == squares[n % 6]).all() for n, square in enumerate(squares))


def test_the_specialists_out_of_fold_vote_is_nested(tmp_path):
    targets = ("a", "b", "c")
    base = [{"test_like": Predictions([f"{k}{n}" for n in range(2)], [[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]], targets)} for k in "01"]
    specialist = [{"test_like": Predictions([f"{k}0"], [[0.1, 0.9]], ("a", "b"))} for k in "01"]
    facts = {"mode": "replace", "weight": 1.0, "asks": "answer", "hard_classes": ["a", "b"], "macro_f1": {},
             "weight_per_fold": {"0": 0.0, "1": 1.0}}  # fmt: skip
    (tmp_path / "specialist.json").write_text(json.dumps(facts))
    choice = read_choice(tmp_path / "specialist.json")
    found = combine_specialist("base", base, specialist, choice, ["00", "01", "10", "11"], np.array([0, 0, 1, 1]))
    # fold 0: weight 0, as it was; fold 1: a and b share their 0.8 as 1 to 9, the other image's answer is c
    assert np.allclose(found.oof.probabilities, [[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.08, 0.72, 0.2], [0.1, 0.2, 0.7]])
    (tmp_path / "specialist.json").write_text('{"mode": "out"}')
    assert read_choice(tmp_path / "specialist.json") is None


