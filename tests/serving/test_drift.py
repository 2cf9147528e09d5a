"""Drift as predict finds it on a tiny project: none in images like the old, some in damaged ones; what is written."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from makers.packed import TARGETS
from makers.project import page, project  # noqa: F401

from competition.audit.domain_shift import STATISTICS
from competition.data.predictions import Predictions
from competition.ensembling.final_vote import read_final_vote
from competition.serving import drift
from competition.serving.drift import DriftCheck, ImageSample, drift_path, in_turn
from competition.settings.load import load_settings
from pipelines import predict

NEW = 24


@pytest.fixture
def at_home(project, monkeypatch):  # noqa: F811
    monkeypatch.chdir(project)
    monkeypatch.setattr(drift, "LEAST_IMAGES", 10)  # there are 18 old ones
    return project


def pages(folder: Path, damage=lambda image: image) -> Path:
    folder.mkdir()
    generator = np.random.default_rng(7)
    for n in range(NEW):
        cv2.imwrite(str(folder / f"{n:02d}.png"), damage(page(n % 18, generator)))
    return folder


def found_by(folder: Path, out: Path, **options) -> dict:
    predict.main(folder, out, "grey", **options)
    return json.loads(drift_path(out).read_text())


def test_images_like_the_old_ones_give_no_alarm(at_home, tmp_path, capsys):
    facts = found_by(pages(tmp_path / "pages"), tmp_path / "found.csv")
    assert facts["drift"] == [] and facts["not_compared"] == {}
    assert set(facts["measures"]) == {"images", "answers", "certainty"}
    assert all(one["figure"] <= one["threshold"] and not one["found"] for one in facts["measures"].values())
    path = tmp_path / "found_drift.json"
    assert f"drift found=none compared=images,certainty,answers path={path}\n" in capsys.readouterr().out


def test_damaged_images_are_found_and_said_in_one_line(at_home, tmp_path, capsys):
    def damage(image):
        return cv2.GaussianBlur(255 - image // 3, (0, 0), 2)

    facts = found_by(pages(tmp_path / "pages", damage), tmp_path / "found.csv")
    images = facts["measures"]["images"]
    assert "images" in facts["drift"] and images["figure"] > 0.9 and images["nearest"] in ("clean", "test_like")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "unlike" in line]
    first = images["features"][0]
    assert line.startswith("warning: new images are unlike those that scores were measured on images=AUC ")
    assert f"> {images['threshold']:.2f} ({first['feature']} {first['new_is']}, " in line and "path=" in line


def test_answers_that_are_all_alike_are_found(at_home, tmp_path):
    def damage(image):
        return np.full_like(image, 200)

    facts = found_by(pages(tmp_path / "pages", damage), tmp_path / "found.csv")
    answers = facts["measures"]["answers"]
    assert "answers" in facts["drift"] and answers["figure"] > answers["threshold"]
    assert max(row["new"] for row in answers["classes"]) == 1


def test_what_cannot_be_compared_says_why(at_home, tmp_path, monkeypatch):
    folder, out = pages(tmp_path / "pages"), tmp_path / "found.csv"
    assert set(found_by(folder, out, fast=True)["not_compared"]) == {"images", "answers", "certainty"}
    kept = Path("folds/image_statistics.npz")
    shutil.move(kept, tmp_path / "kept.npz")
    try:
        facts = found_by(folder, out)
        assert list(facts["not_compared"]) == ["images"] and "stage augment" in facts["not_compared"]["images"]
        assert set(facts["measures"]) == {"answers", "certainty"}
        kept.write_bytes(b"damaged")
        monkeypatch.setattr(predict, "load_vote", lambda *_, **__: pytest.fail("work was done"))
        with pytest.raises(ValueError, match="not a file of image statistics"):
            found_by(folder, out)
    finally:
        shutil.move(tmp_path / "kept.npz", kept)


def test_few_images_are_not_compared_and_hurried_answers_neither(at_home):
    final, settings = read_final_vote(), load_settings()
    check = DriftCheck(final, final.vote("grey"), settings)
    few = {"grey": [Predictions(list("abc"), np.eye(3), TARGETS)] * 2}
    found = check.find(few)
    assert found["measures"] == {} and found["not_compared"]["answers"] == "3 images; 10 on either side are the least"
    hurried = check.find(few, hurried=True)["not_compared"]
    assert hurried["images"].startswith("0 images") and hurried["certainty"].startswith("time was short")


def test_of_the_specialists_vote_its_base_is_compared(at_home):
    final = read_final_vote()
    check = DriftCheck(final, final.vote("lite0_specialist"), load_settings())
    rows = np.random.default_rng(0).dirichlet(np.ones(3), 12)
    base = [Predictions([f"{n}" for n in range(12)], rows, TARGETS)] * 2
    some = [Predictions(["0"], [[0.5, 0.3, 0.2]], TARGETS)] * 2
    assert set(check.find({"lite0": base, "specialist": some})["measures"]) == {"answers", "certainty"}


def test_networks_take_turns():
    ids, networks = list("abcde"), []
    for shift in range(2):
        networks.append(Predictions(ids, np.roll(np.eye(5), shift, axis=1), tuple(ids)))
    found = in_turn(networks)
    assert found.ids.tolist() == ids and found.indices.tolist() == [0, 2, 2, 4, 4]


def test_a_sample_is_drawn_from_all_images(monkeypatch):
    monkeypatch.setattr(drift, "statistics", lambda pixels, fill: np.full(len(STATISTICS), pixels[0, 0, 0] + fill))
    images = [np.full((2, 2, 3), value, np.uint8) for value in range(200)]
    sample = ImageSample(fill=0, most=40)
    for start in range(0, 200, 64):
        sample.add(images[start : start + 64])
    drawn = sample.values[:, 0].tolist()
    assert len(set(drawn)) == len(drawn) == 40 and 70 < np.mean(drawn) < 130
    whole = ImageSample(fill=1)
    whole.add(images)
    assert whole.values.shape == (200, len(STATISTICS)) and whole.values[-1, 0] == 200
    assert ImageSample(fill=0).values.shape == (0, len(STATISTICS))
