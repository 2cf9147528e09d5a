"""Policies scaled, searched and written down: bounds, hand counts, a test set whose damage is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from competition.augmentation.effect_registry import FAMILIES
from competition.augmentation.effects import EFFECTS
from competition.augmentation.fitting.domain_gap import DomainGap, GapMeasure
from competition.augmentation.fitting.families import KNOBS, as_mapping, policy_text, scaled, with_test_like
from competition.augmentation.fitting.sample import Sample, clean_images, read_sample
from competition.augmentation.fitting.search import search
from competition.augmentation.policy import damaged
from competition.data.image_store import ImageStore, write_rows
from competition.data.images import encode_jpeg
from competition.data.letterbox import resize
from competition.settings.augment import AugmentSettings, PolicySettings, TransformSettings
from competition.settings.load import load_settings
from competition.settings.policies import policy_names
from pipelines import fit_augmentation

pytestmark = pytest.mark.slow

DOCUMENT = AugmentSettings()
CHEAP = {
    "policy": "none",
    "transforms": {
        "shadow": {"probability": 0.5, "range": [0.2, 0.5]},
        "gauss_noise": {"probability": 0.2, "range": [0.05, 0.1]},
        "jpeg": {"probability": 0.3, "range": [40, 90]},
    },
}
SHADED = AugmentSettings(
    size=48, test_like={"policy": "none", "transforms": {"shadow": {"probability": 1, "range": [0.4, 0.8]}}}
)


def page(generator, height=64, width=48):
    """Return a white page with dark lines of print of random lengths."""
    image = np.full((height, width, 3), 250, np.uint8)
    for row in range(6, height - 4, 6):
        image[row : row + 2, 5 : int(generator.integers(12, width - 4))] = generator.integers(20, 80)
    return image


def pages(count, seed=0):
    generator = np.random.default_rng(seed)
    return Sample(tuple(f"{seed}-{n}" for n in range(count)), tuple(page(generator) for _ in range(count)))


def darkened(count, seed=1):
    return [(image * 0.6).astype(np.uint8) for image in pages(count, seed).images]


def thumbnails(squares):
    return np.stack([resize(square, 6, 6).ravel() for square in squares]).astype(np.float32)


def tiny_measure(workers=1):
    settings = AugmentSettings(size=48, **CHEAP)
    here, others = pages(30), pages(30, seed=1)
    test = np.stack(
        [damaged(image, id, "test_like", 0, SHADED) for id, image in zip(others.ids, others.images, strict=True)]
    )
    return here, GapMeasure(test, clean_images(here, settings), thumbnails, settings, None, seed=0, workers=workers)


def test_every_family_has_effects_and_every_effect_a_family_or_a_reason():
    families = {name: effect.family for name, effect in EFFECTS.items()}
    assert {*families.values()} == {*FAMILIES, None}
    unfitted = {name for name, family in families.items() if family is None}
    assert unfitted == {"mirror", "transpose", "quarter_turn", "tilt", "grey_fill", "invert"}
    assert unfitted == {name for name, effect in EFFECTS.items() if effect.unfitted}


def test_factors_of_one_change_nothing():
    assert scaled(DOCUMENT, dict.fromkeys(KNOBS, 1.0)) == scaled(DOCUMENT, {}) == DOCUMENT.merged()
    # it describes the test set: nothing is held out
    assert set(DOCUMENT.test_like.held_out) <= set(scaled(DOCUMENT, {}))


def test_scaled_by_hand():
    was, found = (
        DOCUMENT.merged(),
        scaled(DOCUMENT, {"camera.probability": 1.5, "blur.strength": 1.2, "light.probability": 6.0}),
    )
    assert was["perspective"].probability == 0.35 and found["perspective"].probability == pytest.approx(0.525)
    assert found["perspective"].range == was["perspective"].range
    # 100 - 1.2 * 85 is below the least, 5
    assert was["jpeg"].range == (15, 60) and found["jpeg"].range == pytest.approx((5, 52))
    # neutral is 1
    assert was["downscale"].range == (0.45, 0.8) and found["downscale"].range == pytest.approx((0.34, 0.76))
    assert found["shadow"].probability == 1  # 6 * 0.35
    for name in ("rotate", "quarter_turn", "fade", "gauss_noise"):
        assert found[name] == was[name]


@pytest.mark.parametrize("policy", sorted({*policy_names()} - {"none"}))
def test_every_setting_of_the_knobs_is_a_policy(policy):
    generator, settings = np.random.default_rng(0), AugmentSettings(policy=policy)
    corners = [dict.fromkeys(KNOBS, 0.05), dict.fromkeys(KNOBS, 50.0)]
    drawn = [{name: float(np.exp(generator.uniform(-3, 3))) for name in KNOBS} for _ in range(50)]
    for factors in corners + drawn:
        transforms = scaled(settings, factors)
        PolicySettings(policy="none", transforms=transforms)  # checks every range
        assert list(transforms) == list(settings.merged())
        again = PolicySettings(
            policy="heavy", transforms=as_mapping(transforms)
        ).merged()  # means the same on any policy
        assert list(again) == list(transforms)
        for name, transform in transforms.items():
            assert again[name].probability == pytest.approx(transform.probability, rel=1e-3)
            assert again[name].range == pytest.approx(transform.range, rel=1e-3)


def test_unknown_and_senseless_factors():
    with pytest.raises(ValueError, match=r"turn\.strength: 2, ink\.probability: 0"):
        scaled(DOCUMENT, {"turn.strength": 2.0, "ink.probability": 0.0, "paper.strength": 1.0})


def test_the_policy_of_test_like_views_is_the_one_given():
    transforms = {"jpeg": TransformSettings(probability=0.5, range=(20, 30))}
    assert with_test_like(DOCUMENT, transforms).transforms_for("test_like") == transforms


def test_copies_are_the_same_with_any_workers_and_differ_by_number():
    here, measure = tiny_measure()
    policy = scaled(measure.settings, {})
    copies = measure.copies(here, policy, 0)
    assert copies.shape == (30, 48, 48, 3) and copies.dtype == np.uint8
    assert (copies == tiny_measure(workers=2)[1].copies(here, policy, 0)).all()
    assert (copies != measure.copies(here, policy, 1)).any()
    stronger = measure.copies(here, scaled(measure.settings, {"noise.strength": 1.5}), 0)
    same = [(one == other).all() for one, other in zip(copies, stronger, strict=True)]
    assert 0 < sum(same) < 30  # common random numbers: only the pages that noise was drawn for have changed


def test_the_gap_is_small_to_its_like_and_large_to_the_clean():
    here, measure = tiny_measure()
    alike = measure.gap(measure.features(measure.copies(here, SHADED.test_like.merged(), 0)))
    clean = measure.gap(measure.features(clean_images(here, measure.settings)))
    assert clean.statistics_auc > 0.95 and clean.embedding_auc > 0.85
    assert alike.objective < 0.25 and clean.objective > 0.5
    assert DomainGap(0.7, 0.4, 0.1).objective == pytest.approx(0.2 / 2 + 0.1)  # below 0.5 is chance


def test_the_search_comes_closer_to_darker_pages():
    here, measure = tiny_measure()
    trials = []
    best = search(measure, here, 12, report=lambda number, trial: trials.append((number, trial)))
    assert [number for number, _ in trials] == list(range(12))
    assert set(trials[0][1].factors.values()) == {1.0}  # the policy as it is comes first
    start = measure.features(measure.copies(here, scaled(measure.settings, {}), 1))
    moved = [{name for name in KNOBS if trial.factors[name] != 1} for _, trial in trials]
    assert not moved[0] and len(moved[1]) == 2 and len(moved[2]) == len(KNOBS)  # as it is, a step, a draw
    assert best.gap.objective < measure.gap(start).objective
    assert best.factors["light.probability"] * best.factors["light.strength"] > 1


def test_a_seed_finds_one_policy():
    first, again = [], []
    for trials in (first, again):
        here, measure = tiny_measure()
        trials.append(search(measure, here, 2, report=lambda number, trial, trials=trials: trials.append(trial)))
    assert first == again and first[0] != first[1]


def test_the_search_stops_in_time():
    here, measure = tiny_measure()
    trials = []
    search(measure, here, 1000, seconds=0.0, report=lambda number, trial: trials.append(number))
    assert trials == [0]


def test_pages_are_read_at_the_size_that_damage_needs(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (90, 60, 3), dtype=np.uint8)
    write_rows(tmp_path / "train.arrow", [{"id": id, "image": encode_jpeg(image, 95)} for id in "abc"])
    here = read_sample(ImageStore(tmp_path / "train.arrow"), [2, 0], 32)
    assert here.ids == ("c", "a") and here.images[0].shape == (45, 30, 3)  # 1.4 * 32, rounded


def test_the_policys_file_is_a_policy():
    text = policy_text("light", as_mapping(scaled(DOCUMENT, {})), "one\n\ntwo")
    assert text.startswith("# one\n#\n# two\npolicy: light\n")
    assert PolicySettings.model_validate(yaml.safe_load(text)).merged() == DOCUMENT.merged()


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    feature = {
        "kind": "features",
        "network": "mobilenetv3_small_050",
        "weights": "none",
        "size": 32,
        "copies": 1,
        "precision": "float32",
    }
    finetuned = {"kind": "finetuned", "size": 32}
    params = {
        "augment": {"size": 48, "copies": 1, **CHEAP},
        "train": {"members": ["small"]},
        "machine": {"workers": 1},
        "members": {"small": finetuned, "frozen": feature},
        "specialize": {"base": ["small"], "network": {"size": 32}},
    }
    Path("params.yaml").write_text("# my notes\n" + yaml.safe_dump(params, sort_keys=False))
    for name, images in (("train", pages(24).images), ("test", darkened(30))):
        write_rows(
            f"data/{name}.arrow",
            [{"id": f"{name}{n}", "image": encode_jpeg(image, 95)} for n, image in enumerate(images)],
        )
    return tmp_path


def run(**options):
    fit_augmentation.main(
        **{"trials": 2, "minutes": None, "images": 20, "seed": 0, "apply": fit_augmentation.Apply.none, **options}
    )


def test_the_command_writes_a_policy_and_a_table(project, capsys):
    before = Path("params.yaml").read_text()
    run()
    assert Path("params.yaml").read_text() == before
    text = Path("folds/fitted_policy.yaml").read_text()
    policy = PolicySettings.model_validate(yaml.safe_load(text))
    assert list(policy.merged()) == ["shadow", "gauss_noise", "jpeg"]
    assert all(line in text for line in ("#   clean: statistics_auc", "#   present: ", "#   fitted: "))
    rows = pd.read_csv("folds/shift.csv").set_index("feature")
    assert list(rows) == ["test", "clean", "clean_auc", "present", "present_auc", "fitted", "fitted_auc"]
    assert (
        rows.loc["brightness", "clean"] > rows.loc["brightness", "test"] and rows.loc["brightness", "clean_auc"] > 0.95
    )
    assert "trial 2/2" in capsys.readouterr().out
    run(apply=fit_augmentation.Apply.both)
    assert Path("folds/fitted_policy.yaml").read_text() == text  # the same seed, the same policy
    settings = load_settings().augment
    assert as_mapping(settings.merged()) == as_mapping(settings.test_like.merged()) == as_mapping(policy.merged())
    # trained on as fitted: no effect is kept from the training copies
    assert settings.transforms_for("train") == settings.transforms_for("test_like") == settings.merged()
    assert Path("params.yaml").read_text().startswith("# my notes\n")


def test_nothing_is_fitted_where_the_rules_keep_the_test_images_apart(project):
    params = Path("params.yaml").read_text()
    Path("params.yaml").write_text(params + "rules: {test_statistics: false}\n")
    with pytest.raises(ValueError, match="rules.test_statistics: false"):
        run()
    assert not Path("folds").exists()


def test_too_few_images_and_none(project):
    write_rows("data/test.arrow", [{"id": "a", "image": encode_jpeg(darkened(1)[0], 95)}] * 19)
    with pytest.raises(ValueError, match=r"data/test\.arrow: 19 images; it takes 20"):
        run()
    Path("data/test.arrow").unlink()
    with pytest.raises(FileNotFoundError, match="dvc repro"):
        run()
