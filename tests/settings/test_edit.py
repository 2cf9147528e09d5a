"""Values written into params.yaml: what changes, that all else stays, and what is refused."""

import difflib
from pathlib import Path

import pytest
import yaml

from competition.augmentation.fitting.families import as_mapping, scaled
from competition.settings import edit as params_file
from competition.settings.augment import AugmentSettings
from competition.settings.load import load_settings

PRESETS = sorted((Path(params_file.__file__).parent / "presets").glob("*.yaml"))
TRANSFORMS = {"transforms": {"jpeg": {"probability": 0.25, "range": [20.0, 60.0]}, "background": {"probability": 0.0}}}
KEYS = {"train": ("augment", "transforms"), "test_like": ("augment", "test_like", "transforms")}
MEMBER = ("members", "lite0")


def added_and_removed(before, after):
    lines = list(difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True)))
    return [line[2:] for line in lines if line.startswith("+ ")], [line[2:] for line in lines if line.startswith("- ")]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
@pytest.mark.parametrize("section", KEYS)
def test_a_preset_keeps_all_but_its_transforms(preset, section, tmp_path):
    file, before = tmp_path / "params.yaml", preset.read_text(encoding="utf-8")
    file.write_text(before, encoding="utf-8")
    mapping = as_mapping(scaled(AugmentSettings(), {"light.probability": 0.5}))
    params_file.apply(file, {KEYS[section]: mapping})
    after = file.read_text(encoding="utf-8")
    old = yaml.safe_load(before)["augment"].get("transforms", {}) if section == "train" else {}
    removed = added_and_removed(before, after)[1]
    assert len(removed) <= len(old) and all(line.strip().split(":")[0] in old for line in removed)
    augment = load_settings(file).augment
    assert as_mapping((augment if section == "train" else augment.test_like).merged()) == mapping
    others = load_settings(preset).model_dump(exclude={"augment"})
    assert load_settings(file).model_dump(exclude={"augment"}) == others
    params_file.apply(file, {KEYS[section]: mapping})
    assert file.read_text(encoding="utf-8") == after  # a second time changes nothing


HAND_WRITTEN = """# mine
augment:   # about copies
    size: 96     # small

    transforms:  {fade: {probability: 0}}   # gone
    # kept
    test_like:
        policy: heavy
# before train
train: {members: [lite0]}  # one
"""


def test_comments_and_spacing_stay(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text(HAND_WRITTEN)
    params_file.apply(file, {KEYS["train"]: TRANSFORMS["transforms"]})
    block = (
        "    transforms:\n      jpeg: {probability: 0.25, range: [20.0, 60.0]}\n      background: {probability: 0.0}\n"
    )
    expected = HAND_WRITTEN.replace("    transforms:  {fade: {probability: 0}}   # gone\n", block)
    assert file.read_text() == expected
    params_file.apply(file, {KEYS["test_like"]: TRANSFORMS["transforms"]})
    nested = block.replace("\n  ", "\n      ").replace("    transforms", "        transforms")
    assert file.read_text() == expected.replace("policy: heavy\n", "policy: heavy\n" + nested)


@pytest.mark.parametrize(
    "before",
    ["", "# empty\n", "augment:\n", "augment:\n  test_like:\n", "split: {seed: 1}", "augment:\r\n  size: 96\r\n"],
)
@pytest.mark.parametrize("section", KEYS)
def test_a_missing_section_is_made(before, section, tmp_path):
    file = tmp_path / "params.yaml"
    file.write_bytes(before.encode())
    params_file.apply(file, {KEYS[section]: TRANSFORMS["transforms"]})
    value = yaml.safe_load(file.read_bytes())
    for key in KEYS[section]:
        value = value[key]
    assert value == TRANSFORMS["transforms"]
    after = file.read_bytes().decode()
    assert all(line in after for line in before.splitlines()) and (after.count("\r\n") in (0, after.count("\n")))


def test_what_is_no_block_is_left_alone(tmp_path):
    file = tmp_path / "params.yaml"
    for before in ("augment: {size: 96}\n", "base: &a\n  size: 96\naugment: *a\n"):
        file.write_text(before)
        with pytest.raises(ValueError, match="params.yaml: augment"):
            params_file.apply(file, {KEYS["train"]: TRANSFORMS["transforms"]})
        assert file.read_text() == before and len(list(tmp_path.iterdir())) == 1


SCALARS = """members:
  lite0:   # the first
    kind: finetuned
    learning_rate: 0.001   # at its peak
    loss: "focal"
    epochs:
  # the others
  grey: {kind: grey}
"""


def test_scalars_take_their_places_within_the_lines(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text(SCALARS)
    params_file.apply(
        file,
        {
            (*MEMBER, "learning_rate"): 1e-05,
            (*MEMBER, "loss"): "cross_entropy",
            (*MEMBER, "epochs"): 3,
            (*MEMBER, "mixup"): 0.2,
            ("augment", "copies"): 8,
        },
    )
    after = (
        SCALARS.replace("0.001", "1.0e-05")
        .replace('"focal"', "cross_entropy")
        .replace("epochs:", "epochs: 3\n    mixup: 0.2")
    )
    assert file.read_text() == after + "augment:\n  copies: 8\n"
    # YAML 1.1 takes 1e-05 for text
    assert yaml.safe_load(file.read_text())["members"]["lite0"]["learning_rate"] == 1e-5


def test_nothing_is_changed_unless_all_can_be(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text(SCALARS)
    with pytest.raises(ValueError, match=r"members\.grey isn't written as a block"):
        params_file.apply(file, {(*MEMBER, "epochs"): 3, ("members", "grey", "size"): 20})
    with pytest.raises(ValueError, match=r"members\.lite0\.epochs"):
        params_file.apply(file, {(*MEMBER, "epochs"): -3}, check=load_settings)
    assert file.read_text() == SCALARS and len(list(tmp_path.iterdir())) == 1
