"""The space, and the settings that a point of it stands for."""

import numpy as np
import pytest
import yaml

from competition.augmentation.fitting.families import as_mapping
from competition.settings.augment import AugmentSettings
from competition.settings.edit import apply
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.settings.task import TaskSettings
from competition.tuning.space import COPIES, STRENGTH, changes_of, own_point, space_of, trial_settings

PARAMS = """# mine
augment: {AUGMENT}
train:
  members: [tiny]
members:
  tiny:
    kind: finetuned
    network: test_convnext   # small
    weights: none
    size: 64
    batch_size: 16
    learning_rate: 0.0012345
  frozen: {kind: features, copies: 3}
specialize:
  base: [tiny]
  network: {network: test_convnext, weights: none, size: 32}
"""
AUGMENT = "\n  size: 160\n  copies: 8"


def settings_of(tmp_path, **changes):
    (tmp_path / "params.yaml").write_text(PARAMS.replace("{AUGMENT}", AUGMENT))
    settings = load_settings(tmp_path / "params.yaml")
    member = FinetunedSettings(**settings.members["tiny"].model_dump() | changes)
    return settings.model_copy(update={"members": settings.members | {"tiny": member}})


@pytest.fixture
def settings(tmp_path):
    return settings_of(tmp_path)


def test_the_space_of_a_member(settings):
    space = space_of(settings, "tiny")
    assert set(space) == {
        "learning_rate",
        "weight_decay",
        "label_smoothing",
        "loss",
        "mixup",
        "drop_rate",
        "drop_path_rate",
        "batch_size",
        "size",
        COPIES,
        STRENGTH,
    }
    assert (space["learning_rate"].low, space["learning_rate"].high) == (0.0012345 / 5, 0.0012345 * 5)
    assert set(space["loss"].choices) == {"auto", "focal", "class_balanced"}
    assert range(space["batch_size"].low, space["batch_size"].high + 1, space["batch_size"].step) == range(8, 33, 8)
    # 32 is below 0.6 * 64
    assert range(space["size"].low, space["size"].high + 1, space["size"].step) == range(64, 97, 32)


@pytest.mark.parametrize(
    ("task", "loss", "expected"),
    [
        ({"labels": "ordinal"}, "auto", {"auto", "class_balanced", "cumulative", "focal"}),
        ({"labels": "ordinal"}, "cumulative", {"cross_entropy", "class_balanced", "cumulative", "focal"}),
        ({"labels": "multi", "answer": "label_list"}, "auto", {"auto", "asymmetric", "binary_focal"}),
    ],
)
def test_losses_are_those_for_the_tasks_labels(tmp_path, task, loss, expected):
    settings = settings_of(tmp_path, loss=loss).model_copy(update={"task": TaskSettings(**task)})
    space = space_of(settings, "tiny")
    assert set(space["loss"].choices) == expected and own_point(settings, "tiny", space)["loss"] == loss


@pytest.mark.parametrize(("epochs", "most"), [(17, 16), (16, 12), (13, 12), (12, 8), (2, 8)])
def test_more_copies_than_the_epochs_show_are_never_tried(tmp_path, epochs, most):
    """An epoch shows one of an image's copies, or the image itself: 16 copies take 17 epochs. The own 8 stay."""
    copies = space_of(settings_of(tmp_path, epochs=epochs), "tiny")[COPIES]
    assert (copies.low, copies.high, copies.step) == (4, most, 4)


def test_every_range_holds_the_members_own_value(tmp_path):
    odd = {
        "weight_decay": 0.4,
        "label_smoothing": 0.35,
        "mixup": 1.0,
        "drop_rate": 0.7,
        "drop_path_rate": 0.5,
        "batch_size": 5,
    }
    for settings in (
        settings_of(tmp_path),
        settings_of(tmp_path, **odd),
        settings_of(tmp_path, weight_decay=0.0, batch_size=2),
    ):
        space = space_of(settings, "tiny")
        point = own_point(settings, "tiny", space)
        assert all(space[key]._contains(space[key].to_internal_repr(value)) for key, value in point.items())
        assert min(space["batch_size"].low, space[COPIES].low) >= 2
        assert changes_of(trial_settings(settings, "tiny", point), settings, "tiny") == {}


def test_a_copy_less_than_other_members_need_is_never_tried(settings):
    few = settings.model_copy(update={"augment": AugmentSettings(size=160, copies=4)})
    assert space_of(few, "tiny")[COPIES].low == 4  # 2 would be half, but the member `frozen` takes 3


def test_what_the_network_does_not_take_is_left_out(tmp_path):
    assert "drop_path_rate" not in space_of(settings_of(tmp_path, network="vgg11", size=32, head="linear"), "tiny")
    fixed = space_of(settings_of(tmp_path, network="test_vit", size=160), "tiny")["size"]
    assert fixed.low < fixed.high == 160  # a network that is told its size takes others
    assert {COPIES, STRENGTH}.isdisjoint(space_of(settings_of(tmp_path, augmented=False), "tiny"))
    undamaged = settings_of(tmp_path).model_copy(update={"augment": AugmentSettings(policy="none")})
    assert {COPIES, STRENGTH}.isdisjoint(space_of(undamaged, "tiny"))


@pytest.mark.parametrize(("batch_size", "factor"), [(16, 1), (32, 2**0.5), (8, 0.5**0.5), (64, 2)])
def test_the_learning_rate_grows_with_the_root_of_the_batch(settings, batch_size, factor):
    found = trial_settings(settings, "tiny", {"learning_rate": 0.002, "batch_size": batch_size}).member
    assert found.learning_rate == pytest.approx(0.002 * factor, rel=5e-3) and found.batch_size == batch_size


def test_a_first_size_is_never_above_the_size(tmp_path):
    settings = settings_of(tmp_path, first_size=48)
    assert trial_settings(settings, "tiny", {"size": 32}).member.first_size == 32
    assert trial_settings(settings, "tiny", {"size": 96}).member.first_size == 48


def test_strength_scales_training_damage_and_never_the_views_that_are_scored(settings):
    strong = trial_settings(settings, "tiny", {STRENGTH: 1.5}).augment
    was, now = settings.augment.transforms_for("train"), strong.transforms_for("train")
    assert now["shadow"].probability == pytest.approx(1.5 * was["shadow"].probability)
    assert now["rotate"].range == was["rotate"].range  # a page turned by more is another question
    assert strong.test_like == settings.augment.test_like
    assert strong.transforms_for("test_like") == settings.augment.transforms_for("test_like")
    assert not set(now) & set(strong.test_like.held_out)


def test_what_was_tried_is_what_is_written(settings, tmp_path):
    point = {
        "learning_rate": 0.00234567,
        "weight_decay": 0.0123456,
        "loss": "focal",
        "batch_size": 24,
        "size": 96,
        COPIES: 12,
        STRENGTH: 0.75,
    }
    found = trial_settings(settings, "tiny", point)
    changes = changes_of(found, settings, "tiny")
    # 0.00234567 * sqrt(24 / 16)
    assert changes["members", "tiny", "learning_rate"] == 0.00287 and changes["augment", "copies"] == 12
    file = tmp_path / "params.yaml"
    apply(file, changes, check=load_settings)
    written = load_settings(file)
    assert written.members["tiny"] == found.member and written.augment == found.augment
    assert "network: test_convnext   # small\n" in file.read_text() and file.read_text().startswith("# mine\n")
    assert changes_of(found, written, "tiny") == {}
    others = {"members": {"tiny": True}, "augment": True}
    assert written.model_dump(exclude=others) == settings.model_dump(exclude=others)
    assert yaml.safe_load(file.read_text())["augment"]["transforms"] == as_mapping(found.augment.merged())


def test_the_default_settings_have_a_space():
    settings = Settings(members={"lite0": FinetunedSettings(weights="none")}, train={"members": ["lite0"]})
    space = space_of(settings, "lite0")
    sizes = space["size"]
    # 0.6 * 224 is 134.4; 224 is packed
    assert np.arange(sizes.low, sizes.high + 1, sizes.step).tolist() == [160, 192, 224]
