"""Adaptation to unlabelled images: what it may see, what it learns of them, and that it is taken up again."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from makers.metrics import F1
from makers.packed import TARGETS, packed_competition

from competition.data.image_store import ImageStore
from competition.data.predictions import Predictions
from competition.models.networks import create_network
from competition.settings.adapt import AdaptSettings
from competition.settings.finetuned import FinetunedSettings
from competition.training import adapt as module
from competition.training.adapt import Unlabelled, adapt
from competition.training.distortion import distorted
from competition.training.fold_data import bar_copies, load_fold

pytestmark = pytest.mark.slow

SETTINGS = FinetunedSettings(network="test_resnet", weights="none", size=32, batch_size=8, precision="float32")
HOW = AdaptSettings(members=("tiny",), epochs=2, learning_rate=1e-3, average=0.9)
SECONDS = ("seconds", "images_per_s")
TESTS = 9


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("competition")
    folds = packed_competition(folder, tests=TESTS)
    held = folds.assign(fold=np.where(np.arange(len(folds)) >= 21, -1, folds.fold))
    return load_fold(0, held, TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1)


def answered(data, seed=0):
    """Answers to the test images and the fold's test-like ones, drawn at random."""
    parts, draws = {"test": data.test_ids, "test_like": data.valid_ids}, np.random.default_rng(seed)
    return {
        name: Predictions(ids, draws.dirichlet([1] * len(TARGETS), len(ids)), TARGETS) for name, ids in parts.items()
    }


def adapted(data, state_file, report=lambda row: None, answers=None, settings=SETTINGS, **changes):
    network, normalise = create_network(settings, 3)
    how, answers = HOW.model_copy(update=changes), answers or answered(data)
    result = adapt(network, normalise, data, answers, settings, how, state_file, report)
    return network.state_dict(), [{k: v for k, v in row.items() if k not in SECONDS} for row in result.history]


def same(one, other):
    return all(torch.equal(value, other[key]) for key, value in one.items())


# what it may see


def test_unlabelled_are_the_test_images_and_the_folds_own_test_like_ones(data):
    barred = dataclasses.replace(data, barred=frozenset({"t1", "t4"}))
    answers = answered(data)
    found = Unlabelled.of(barred, answers)
    sources = [found.store.column("source_id")[row] for row in found.rows]
    assert sources == [*data.valid_ids, *(f"t{n}" for n in range(TESTS) if n not in (1, 4))]
    views = [found.store.column("view")[row] for row in found.rows[: len(data.valid_ids)]]
    assert set(views) == {"test_like"}
    for id, probabilities in zip(sources, found.answers, strict=True):
        part = answers["test_like" if id in data.valid_ids else "test"]
        assert (part.select([id]).probabilities == probabilities).all()


def test_an_image_that_was_not_answered_is_an_error(data):
    answers = answered(data)
    with pytest.raises(ValueError, match="t7"):
        Unlabelled.of(data, answers | {"test": answers["test"].select(id for id in data.test_ids if id != "t7")})


def test_no_image_of_another_kind_is_seen_and_no_label_of_the_fold_counts(data, tmp_path, monkeypatch):
    seen, real = set(), module.stack
    monkeypatch.setattr(
        module, "stack", lambda store, rows, *rest: (seen.update(rows.tolist()), real(store, rows, *rest))[1]
    )
    weights, _ = adapted(data, tmp_path / "a.pt", epochs=1)
    allowed = {row for rows in data.train_rows for row in rows.tolist()} | set(
        Unlabelled.of(data, answered(data)).rows.tolist()
    )
    assert seen <= allowed and len(seen) > len(data.train_rows)
    others = dataclasses.replace(data, valid_labels=np.roll(data.valid_labels, 1))
    assert (others.valid_labels != data.valid_labels).any()
    assert same(weights, adapted(others, tmp_path / "b.pt", epochs=1)[0])


def test_copies_of_what_is_scored_are_barred(data):
    rows = [
        ("train", data.valid_ids[0], "test", "t1"),
        ("test", "t2", "train", data.valid_ids[1]),
        ("test", "t3", "test", "t4"),
        ("train", "not of this fold", "test", "t5"),
        ("train", data.valid_ids[0], "train", data.valid_ids[1]),
    ]
    barred = bar_copies(data, pd.DataFrame(rows, columns=["set", "ID", "other_set", "other_ID"]))
    assert barred.barred == {"t1", "t2"} and not data.barred


# what it learns of them


def test_the_answers_are_learnt_as_probabilities(data, tmp_path):
    """Of a network that is told one class of every unlabelled image, more than of one that is told another."""
    sure = {}
    for label in (0, 1):
        told = np.full((1, len(TARGETS)), 0.1 / (len(TARGETS) - 1))
        told[0, label] = 0.9
        answers = {name: part.like(told.repeat(len(part), axis=0)) for name, part in answered(data).items()}
        weights, _ = adapted(data, tmp_path / f"{label}.pt", answers=answers, epochs=6, weight=4.0, average=0.0)
        sure[label] = [value for name, value in weights.items() if name.endswith("fc.bias")][0]
    assert sure[0][0] > sure[1][0] and sure[1][1] > sure[0][1]


def test_without_weight_no_answer_counts(data, tmp_path):
    one, other = (
        adapted(data, tmp_path / f"{seed}.pt", answers=answered(data, seed), epochs=1, weight=weight)[0]
        for seed, weight in ((0, 0.0), (1, 0.0))
    )
    assert same(one, other)
    assert not same(one, adapted(data, tmp_path / "c.pt", answers=answered(data, 1), epochs=1)[0])


def test_the_gradient_is_that_of_both_losses(data):
    """By hand, all at once: of a network whose images don't know of each other."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 3)).train()
    normalise = create_network(SETTINGS, 3)[1]
    random = np.random.default_rng(0)
    pixels = torch.from_numpy(random.integers(0, 256, (15, 32, 32, 3), np.uint8))
    labels, answers = torch.tensor([0, 1, 2, 0]), torch.from_numpy(random.dirichlet([1] * 3, 11).astype(np.float32))
    batch = module.Batch(pixels[:4], labels, pixels[4:], answers)
    how = HOW.model_copy(update={"weight": 0.7})
    found = module._learn(network, normalise, batch, SETTINGS, how, torch.Generator().manual_seed(3))
    gradient = network[1].weight.grad.clone()
    network.zero_grad()
    others = distorted(pixels[4:], torch.Generator().manual_seed(3), module.FILL)
    own, theirs = (network(normalise(images, torch.device("cpu"))) for images in (pixels[:4], others))
    smooth = torch.nn.functional.one_hot(labels, 3) * (1 - SETTINGS.label_smoothing) + SETTINGS.label_smoothing / 3
    loss = -(smooth * own.log_softmax(1)).sum(1).mean() - 0.7 * (answers * theirs.log_softmax(1)).sum(1).mean()
    loss.backward()
    assert found == pytest.approx(float(loss), rel=1e-5)
    assert torch.allclose(gradient, network[1].weight.grad, atol=1e-5)


def test_labelled_and_unlabelled_images_go_through_the_network_together():
    """In the same proportion, few at a time, so that batch-norm sees the mixture and memory is that of a batch."""
    seen = []

    class Watched(torch.nn.Linear):
        def forward(self, inputs):
            seen.append((inputs.flatten(1) == 0).all(1).tolist())
            return super().forward(inputs.flatten(1))

    random = np.random.default_rng(0)
    others = torch.from_numpy(random.integers(1, 256, (17, 32, 32, 3), np.uint8))
    answers = torch.from_numpy(random.dirichlet([1] * 3, 17).astype(np.float32))
    batch = module.Batch(
        torch.zeros(8, 32, 32, 3, dtype=torch.uint8), torch.zeros(8, dtype=torch.long), others, answers
    )
    network = Watched(3 * 32 * 32, 3)
    module._learn(
        network, lambda pixels, to: pixels.permute(0, 3, 1, 2).float(), batch, SETTINGS, HOW, torch.Generator()
    )
    assert [(sum(part), len(part) - sum(part)) for part in seen] == [(3, 6), (3, 6), (2, 5)]


def test_every_unlabelled_image_comes_as_often():
    turns = module._in_turn(5, 12, np.random.default_rng(0))
    counts = np.bincount(turns, minlength=5)
    assert len(turns) == 12 and set(counts) == {2, 3}


# training


def test_it_trains_and_the_average_is_kept(data, tmp_path):
    weights, history = adapted(data, tmp_path / "a.pt")
    begun, _ = create_network(SETTINGS, 3)
    assert not same(weights, begun.state_dict()) and [row["epoch"] for row in history] == [0, 1]
    assert all(np.isfinite(row["loss"]) and 0 <= row["test_like"] <= 1 for row in history)
    followed, _ = adapted(data, tmp_path / "b.pt", average=0.0)
    moved = [sum((one[key] - begun.state_dict()[key]).abs().sum() for key in one) for one in (weights, followed)]
    assert moved[0] < moved[1]


def test_epochs_are_scored_as_the_members_are(data, tmp_path):
    seldom = SETTINGS.model_copy(update={"score_every": 2})
    weights, history = adapted(data, tmp_path / "a.pt", settings=seldom, epochs=3)
    assert [np.isfinite(row["test_like"]) for row in history] == [True, False, True]
    often = adapted(data, tmp_path / "b.pt", epochs=3)[1]
    assert [row["loss"] for row in history] == [row["loss"] for row in often]
    never = SETTINGS.model_copy(update={"score_every": None})
    last, history = adapted(data, tmp_path / "c.pt", settings=never, epochs=3)
    assert not any(np.isfinite(row["test_like"]) for row in history)
    once = adapted(data, tmp_path / "d.pt", settings=SETTINGS.model_copy(update={"score_every": 3}), epochs=3)[0]
    assert same(last, once)


class Stop(Exception):
    pass


def test_a_stopped_adaptation_ends_the_same(data, tmp_path):
    def stop(row):
        raise Stop

    weights, history = adapted(data, tmp_path / "a.pt")
    with pytest.raises(Stop):
        adapted(data, tmp_path / "b.pt", stop)
    seen = []
    again, told = adapted(data, tmp_path / "b.pt", seen.append)
    assert [row["epoch"] for row in seen] == [1] and told == history and same(again, weights)


def test_a_loss_that_is_no_number_is_an_error(data, tmp_path):
    with pytest.raises(ValueError, match=r"adapt: the loss is .* lower adapt.learning_rate"):
        adapted(data, tmp_path / "a.pt", learning_rate=1e30, epochs=4)


def test_distorted_images_are_others_and_the_same_each_time():
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (6, 40, 40, 3), np.uint8))
    found = [distorted(pixels, torch.Generator().manual_seed(seed), 255) for seed in (0, 0, 1)]
    assert found[0].shape == pixels.shape and found[0].dtype == torch.uint8
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])
    assert all((one != other).any() for one, other in zip(found[0], pixels, strict=True))


def test_images_that_were_turned_upright_are_shown_so(data):
    store = type("Turned", (ImageStore,), {"orientations": lambda self, rows: np.eye(8)[rows % 8]})(data.store.path)
    rows = np.arange(20)
    assert module._orientations(store, rows, np.random.default_rng(0)).tolist() == (rows % 8).tolist()


def test_a_gradually_unfrozen_network_adapts_as_a_whole(data, tmp_path):
    settings = SETTINGS.model_copy(update={"tuning": "gradual", "unfreeze_epoch": 1})
    before = {key: value.clone() for key, value in create_network(settings, 3)[0].state_dict().items()}
    after, _ = adapted(data, tmp_path / "gradual.pt", settings=settings)
    assert not [key for key in before if before[key].ndim == 4 and torch.equal(before[key], after[key])]
