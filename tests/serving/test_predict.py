"""predict on the test images gives the vote's answers, and what else it says of a folder."""

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from makers.packed import TARGETS
from makers.pipeline import table
from makers.project import FOLDS, TEST, UNREADABLE, project  # noqa: F401
from safetensors.torch import load_file, save_file

from competition.data.predictions import Predictions, load_predictions
from competition.ensembling.final_vote import read_final_vote
from competition.ensembling.precision_curve import lower_bound
from competition.ensembling.rules import RULES
from competition.ensembling.specialist_votes import replace_hard
from competition.ensembling.voting import soft_vote
from competition.inference import predictor as inference
from competition.serving.new_images import packed_image
from competition.serving.predict import LoadedVote
from competition.settings.load import load_settings
from pipelines import ensemble, predict
from pipelines._main import run

MEMBERS = ("lite0", "features", "grey")
NAMES = dict(zip(TARGETS, ("bright", "dark", "striped"), strict=True))


@pytest.fixture
def at_home(project, monkeypatch):  # noqa: F811
    monkeypatch.chdir(project)
    return project


def left_by_training(name: str) -> dict[str, np.ndarray]:
    """Test image -> probabilities (C,): the mean over folds and passes that `train` and `vote` make of it."""
    if name == "lite0_specialist":
        base, specialist = (soft_vote(of_folds(part)) for part in ("lite0", "specialist"))
        voted = replace_hard(base, specialist, TARGETS)
    else:
        voted = soft_vote(of_folds(name))
    return dict(zip(voted.ids.tolist(), voted.probabilities, strict=True))


def of_folds(name: str) -> list[Predictions]:
    return [load_predictions(f"folds/predictions/{name}/{fold}.npz")["test"] for fold in FOLDS]


@pytest.mark.parametrize("name", ["lite0", "features", "grey", "lite0_specialist"])
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
        square = packed_image(Path("data/raw/test") / row["file"], settings.prepare, settings.augment, packed=False)
        grey = np.rint(square @ np.array([0.299, 0.587, 0.114]))
        values = np.rint(grey.reshape(8, 5, 8, 5).mean(axis=(1, 3))).ravel() / 255
        logits = (values - weights["mean"]) / weights["scale"] @ weights["coefficients"].T + weights["intercepts"]
        chances = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert float(row["probability"]) == pytest.approx(chances.max(), abs=0.02)
    assert [row["file"] for row in fast] == [row["file"] for row in full]
    assert [row["probability"] for row in fast] != [row["probability"] for row in full]


ENSEMBLES = [name for name in RULES.names() if name != "rank_average"]  # for metrics of the order alone


@pytest.mark.parametrize("name", ENSEMBLES)
def test_every_ensemble_gives_the_answers_that_the_stages_gave(at_home, tmp_path, name):
    predict.main(Path("data/raw/test"), tmp_path / "found.csv", name)
    answered = {row["ID"]: row["target"] for row in table(f"submissions/ensembles/{name}.csv")}
    assert answers_of(tmp_path / "found.csv") == {
        id_: answer for id_, answer in answered.items() if id_ != UNREADABLE.removesuffix(".png")
    }
    if name in ("hard", "foldwise_hard"):
        voting = json.loads(Path("submissions/final_vote.json").read_text())["stacked"]["members"]
        mean = [
            np.mean(rows, axis=0)
            for rows in zip(*(left_by_training(member).values() for member in voting), strict=True)
        ]
        for row, probabilities in zip(table(tmp_path / "found.csv"), mean, strict=True):
            assert float(row["probability"]) == pytest.approx(probabilities[TARGETS.index(row["target"])], abs=2e-5)


def answers_of(path) -> dict[str, str]:
    return {row["file"].split(".")[0]: row["target"] for row in table(path)}


def test_every_candidate_is_a_vote(at_home):
    assert {row["submission"] for row in table("submissions/ensembles.csv")} == {
        *MEMBERS,
        "lite0_specialist",
        *ENSEMBLES,
    }


@pytest.mark.slow
@pytest.mark.parametrize("choose", ["auto", "lite0_specialist", "foldwise_hard"])
def test_without_a_name_the_final_vote_is_cast(at_home, tmp_path, capsys, choose):
    params, submissions = Path("params.yaml").read_text(), tmp_path / "submissions"
    shutil.copytree("submissions", submissions)
    try:
        Path("params.yaml").write_text(params.replace("ensemble: {", f"ensemble: {{choose: {choose}, "))
        ensemble.main()
        predict.main(Path("data/raw/test"), tmp_path / "found.csv")
        final = {row["ID"]: row["target"] for row in table("submissions/final.csv")}
    finally:
        Path("params.yaml").write_text(params)
        shutil.rmtree("submissions")
        shutil.copytree(submissions, "submissions")
    assert answers_of(tmp_path / "found.csv") == {
        id_: answer for id_, answer in final.items() if id_ != UNREADABLE.removesuffix(".png")
    }
    chosen = json.loads(Path("submissions/final.json").read_text())["chosen"] if choose == "auto" else choose
    assert f"asking vote={chosen} networks=" in capsys.readouterr().out


def test_fast_asks_an_ensembles_best_voter(at_home, tmp_path, capsys):
    score = {row["submission"]: float(row["test_like"]) for row in table("submissions/leaderboard.csv")}
    best = max(MEMBERS, key=score.get)
    predict.main(Path("data/raw/test"), tmp_path / "ensembles.csv", "hard", fast=True)
    said = capsys.readouterr().out
    assert f"fast instead_of=hard vote={best}\n" in said and f"asking vote={best} networks=1 orientations=1 " in said
    predict.main(Path("data/raw/test"), tmp_path / "members.csv", best, fast=True)
    assert table(tmp_path / "ensembles.csv") == table(tmp_path / "members.csv")


@pytest.mark.slow
def test_votes_made_elsewhere_cant_be_cast(at_home, tmp_path):
    params, submissions = Path("params.yaml").read_text(), tmp_path / "submissions"
    shutil.copytree("submissions", submissions)
    try:
        Path("submissions/external").mkdir(exist_ok=True)
        shutil.copy("submissions/members/grey.csv", "submissions/external/friend.csv")
        changed = params.replace("ensemble: {", "ensemble: {choose: hard_top, external: [friend], ")
        Path("params.yaml").write_text(changed)
        ensemble.main()
        with pytest.raises(
            ValueError, match=r"the final vote: holds votes of submissions/external \(friend\).*--member names another"
        ):
            predict.main(Path("data/raw/test"), tmp_path / "found.csv")
        with pytest.raises(ValueError, match=r"hard_top: holds votes of submissions/external \(friend\)"):
            predict.main(Path("data/raw/test"), tmp_path / "found.csv", "hard_top")
        predict.main(Path("data/raw/test"), tmp_path / "found.csv", "hard")
        Path("submissions/final_vote.json").unlink()
        with pytest.raises(FileNotFoundError, match="submissions/final_vote.json: not found; `dvc repro` makes it"):
            predict.main(Path("data/raw/test"), tmp_path / "found.csv", "grey")
    finally:
        Path("params.yaml").write_text(params)
        shutil.rmtree("submissions")
        shutil.copytree(submissions, "submissions")


@pytest.mark.slow
@pytest.mark.parametrize("name", [None, "grey", "lite0_specialist", "stacking"])
def test_weights_and_the_final_votes_file_are_enough(at_home, tmp_path, monkeypatch, name):
    predict.main(Path("data/raw/test"), tmp_path / "at_home.csv", name)
    final = {row["ID"]: row["target"] for row in table("submissions/final.csv")}
    shutil.copytree("data/raw/test", tmp_path / "bare/images")
    shutil.copytree("folds/weights", tmp_path / "bare/folds/weights")
    (tmp_path / "bare/submissions").mkdir()
    for file in ("params.yaml", "submissions/final_vote.json"):
        shutil.copy(file, tmp_path / "bare" / file)
    monkeypatch.chdir(tmp_path / "bare")
    predict.main(Path("images"), Path("found.csv"), name)
    assert table("found.csv") == table(tmp_path / "at_home.csv")
    if name is None:
        final.pop(UNREADABLE.removesuffix(".png"))
        assert answers_of("found.csv") == final


def test_a_folder_with_folders_and_other_files(at_home, tmp_path, capsys):
    inside = tmp_path / "scans/2026, May"
    inside.mkdir(parents=True)
    shutil.copy("data/raw/test/t1.png", inside / 'a "quoted".png')
    shutil.copy("data/raw/test/t2.png", inside / "no-extension")
    shutil.copy("data/raw/test/t3.png", os.fsencode(inside) + b"/\xff.png")  # no UTF-8
    shutil.copy("data/raw/test/t4.png", inside / "two\r\nlines.png")
    (inside / "notes.txt").write_text("no image")
    (inside / "photo.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "scans/empty.jpg").touch()
    (tmp_path / "scans/.hidden.png").touch()
    predict.main(tmp_path / "scans", tmp_path / "found.csv", "grey")
    predict.main(Path("data/raw/test"), tmp_path / "direct.csv", "grey")
    found = {row.pop("file"): row for row in table(tmp_path / "found.csv")}
    direct = {row.pop("file"): row for row in table(tmp_path / "direct.csv")}
    assert found == {
        '2026, May/a "quoted".png': direct["t1.png"],
        "2026, May/no-extension": direct["t2.png"],
        "2026, May/\\xff.png": direct["t3.png"],
        "2026, May/two\\x0d\\x0alines.png": direct["t4.png"],
    }
    said = capsys.readouterr().out
    assert "warning: unreadable file=empty.jpg problem=empty file" in said and "unreadable=2 no_images=1" in said
    assert (
        "warning: unreadable file=2026, May/photo.HEIC problem=this format can't be read; convert it to JPEG or PNG"
        in said
    )


def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(at_home, tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "load_vote", lambda *_, **__: pytest.fail("work was done"))
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="--out .*: is a folder; name the CSV"):
        predict.main(Path("data/raw/test"), tmp_path, "grey")
    with pytest.raises(ValueError, match="--out .*: can't be written"):
        predict.main(Path("data/raw/test"), tmp_path / "file/found.csv", "grey")


def test_two_tables_in_one_file_are_refused_before_the_work(at_home, tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "load_vote", lambda *_, **__: pytest.fail("work was done"))
    (tmp_path / "below").mkdir()
    for answers in (tmp_path / "x.csv", tmp_path / "below/../x.csv"):
        with pytest.raises(ValueError, match="--answers .*x.csv: is --out as well, .*name another file"):
            predict.main(Path("data/raw/test"), tmp_path / "x.csv", "grey", answers=answers)
    with pytest.raises(ValueError, match="x_drift.json: is the file beside --out that says of drift"):
        predict.main(Path("data/raw/test"), tmp_path / "x.csv", "grey", answers=tmp_path / "x_drift.json")


def test_why_nothing_can_be_read_is_said_before_the_end(at_home, tmp_path, capsys):
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans/a.jpg").write_bytes(Path("data/raw/test/t0.jpg").read_bytes()[:40])
    (tmp_path / "scans/b.png").touch()
    with pytest.raises(ValueError, match=r"no image in it that could be read \(2 unreadable, 0 other files\)"):
        predict.main(tmp_path / "scans", tmp_path / "found.csv", "grey")
    said = capsys.readouterr().out
    assert "warning: unreadable file=a.jpg problem=" in said and "file=b.png problem=empty file" in said


def test_changed_settings_and_weights_are_said(at_home, tmp_path, capsys):
    params, final = Path("params.yaml"), json.loads(Path("submissions/final.json").read_text())
    before, name = params.read_text(), final["chosen"]
    predict.main(Path("data/raw/test"), tmp_path / "found.csv", name)
    assert "warning: not what made" not in capsys.readouterr().out
    try:
        changed = replace(read_final_vote(), weights={"grey": ["0" * 16, "1" * 16]})
        assert changed.changed_since(load_settings(), ["lite0", "grey"]) == ["folds/weights/grey"]
        params.write_text(before.replace("{passes: 5}", "{passes: 6}"))
        predict.main(Path("data/raw/test"), tmp_path / "found.csv", name)
        assert (
            "warning: not what made submissions/final.csv changed=params.yaml advice=`dvc repro`"
            in capsys.readouterr().out
        )
        params.write_text(before.replace("size: 8,", "size: 9,"))
        with pytest.raises(
            ValueError, match="grey/0.safetensors: 64 features, expected 81; params.yaml or the classes have changed"
        ):
            predict.main(Path("data/raw/test"), tmp_path / "found.csv", "grey")
    finally:
        params.write_text(before)


def test_a_network_goes_where_the_work_goes(monkeypatch):
    """Loaded weights are on the processor, and images are sent to the GPU where there is one."""
    monkeypatch.setattr(inference, "processes", lambda: SimpleNamespace(device=torch.device("meta")))
    monkeypatch.setattr(inference, "for_inference", lambda network, *_, **__: network)
    predictor = inference.Predictor.of(torch.nn.Linear(2, 2), None, 32, "float32")
    assert predictor.network.weight.device.type == "meta"


@pytest.mark.parametrize("precision", [0.3, 0.95])
def test_on_the_command_line_with_the_unsure_marked(at_home, tmp_path, monkeypatch, precision):
    arguments = ["data/raw/test", "--out", f"{tmp_path}/found.csv", "--member", "lite0", "--precision", f"{precision}"]
    monkeypatch.setattr(sys, "argv", ["predict", *arguments])
    with pytest.raises(SystemExit) as end:
        run(predict.main)
    assert not end.value.code
    answers = [(p.max(), target == p.argmax()) for target, p in out_of_fold("lite0")]
    sure = {at: [right for other, right in answers if other >= at] for at, _ in answers}
    good = [at for at, right in sure.items() if lower_bound(sum(right), len(right)) >= precision]
    lowest = min(good, default=2.0)
    rows = table(tmp_path / "found.csv")
    assert [row["unsure"] for row in rows] == [
        "no" if float(row["probability"]) >= lowest - 1e-6 else "yes" for row in rows
    ]


def out_of_fold(name: str) -> list[tuple[int, np.ndarray]]:
    """The true class's index and the test-like probabilities (C,) of each training image."""
    label = {row["ID"]: TARGETS.index(row["target"]) for row in table("folds/folds.csv")}
    parts = [load_predictions(f"folds/predictions/{name}/{fold}.npz")["test_like"] for fold in FOLDS]
    return [(label[id_], row) for part in parts for id_, row in zip(part.ids.tolist(), part.probabilities, strict=True)]


def test_nothing_to_label(at_home, tmp_path, monkeypatch):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/notes.txt").touch()
    with pytest.raises(ValueError, match=r"no image in it that could be read \(0 unreadable, 1 other files\)"):
        predict.main(tmp_path, tmp_path / "found.csv", "grey")
    (tmp_path / "notes/notes.txt").unlink()
    monkeypatch.setattr(predict, "load_vote", lambda *_, **__: pytest.fail("networks were loaded"))
    with pytest.raises(ValueError, match="holds no file; name a folder with images"):
        predict.main(tmp_path, tmp_path / "found.csv", "grey")
    with pytest.raises(NotADirectoryError, match="no such folder"):
        predict.main(tmp_path / "nowhere", tmp_path / "found.csv", "grey")
    assert not (tmp_path / "found.csv").exists()


def test_an_unknown_vote(at_home, tmp_path):
    with pytest.raises(
        ValueError,
        match="lite9: no vote of that name; --member takes features, grey, lite0, lite0_specialist, soft, hard_top, ",
    ):
        predict.main(Path("data/raw/test"), tmp_path / "found.csv", "lite9")


@pytest.mark.parametrize("name", ["lite0", "grey", "features"])
def test_weights_of_other_classes_are_refused(at_home, tmp_path, name):
    weights = Path(f"folds/weights/{name}/0.safetensors")
    whole = weights.read_bytes()
    try:
        weights.unlink()
        save_file(
            {
                key: value[:2].contiguous() if value.dim() and len(value) == 3 else value
                for key, value in load_from(whole).items()
            },
            weights,
        )
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


@pytest.mark.parametrize(("fast", "straighten", "orientations"), [(True, True, 1), (True, False, 1), (False, True, 8)])
def test_a_hurried_vote_looks_at_an_image_once(fast, straighten, orientations):
    vote = LoadedVote(None, {}, None, np.full(8, 1 / 8), object() if straighten else None, fast)
    assert vote.orientations == orientations
