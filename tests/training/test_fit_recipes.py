"""The training loop under way: what stops it and what doesn't, and the recipes that reach into it."""

import os
import signal

import numpy as np
import pytest
import torch
from makers.metrics import F1
from makers.packed import TARGETS, packed_competition
from makers.training import SETTINGS, same, scores_of, trained

from competition.inference.loader import epoch_rows, epoch_size
from competition.settings.finetuned import FinetunedSettings
from competition.training import epoch as epoch_module
from competition.training import fit as fit_module
from competition.training.fold_data import load_fold

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipes")
    return load_fold(0, packed_competition(folder), TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1)


def failing(monkeypatch, error, at):
    """Let the training loss raise `error` (or be it) at the calls numbered in `at`; return the list of batch sizes
    seen.
    """
    real, seen = epoch_module.training_loss, []

    def loss(network, output, soft, criterion):
        seen.append(len(soft))
        if len(seen) - 1 in at:
            if isinstance(error, BaseException):
                raise error
            return real(network, output, soft, criterion) * error
        return real(network, output, soft, criterion)

    monkeypatch.setattr(epoch_module, "training_loss", loss)
    return seen


ERRORS = {
    "gpu": torch.OutOfMemoryError("CUDA out of memory"),
    "python": MemoryError(),
    "cpu": RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_out_of_memory_halves_the_batch_and_goes_on_with_the_same_steps(data, tmp_path, monkeypatch, capsys, error):
    seen = failing(monkeypatch, error, {1})
    progress = trained(data, SETTINGS, tmp_path / "a.pt")
    assert "out of memory: 3 images at once from now on, 6 for a step as before" in capsys.readouterr().out
    assert seen[:2] == [6, 6] and seen[2:4] == [3, 3] and max(seen[2:]) == 3
    assert len(progress.history) == 3 and all(np.isfinite(row["loss"]) for row in progress.history)


def test_an_error_that_is_not_memory_is_not_swallowed(data, tmp_path, monkeypatch):
    failing(monkeypatch, RuntimeError("shapes don't match"), {1})
    with pytest.raises(RuntimeError, match="shapes"):
        trained(data, SETTINGS, tmp_path / "a.pt")


def test_out_of_memory_with_two_images_says_what_to_do(data, tmp_path, monkeypatch):
    failing(monkeypatch, MemoryError(), set(range(100)))
    with pytest.raises(ValueError, match="smaller size"):
        trained(data, SETTINGS, tmp_path / "a.pt")


def test_a_loss_that_is_no_number_goes_back_to_the_last_good_state_at_half_the_rate(
    data, tmp_path, monkeypatch, capsys
):
    plain = trained(data, SETTINGS, tmp_path / "plain.pt")
    steps = -(-len(data.train_labels) // 6)
    failing(monkeypatch, float("nan"), {steps + 1})  # in epoch 1
    progress = trained(data, SETTINGS, tmp_path / "a.pt")
    assert "epoch 1: the loss is nan; back to the last good state" in capsys.readouterr().out
    assert scores_of(progress)[0] == scores_of(plain)[0]  # what was good is kept
    assert len(progress.history) == 3
    assert progress.history[1]["learning_rate"] == pytest.approx(plain.history[1]["learning_rate"] / 2)
    assert progress.history[2]["learning_rate"] == pytest.approx(plain.history[2]["learning_rate"] / 2)


def test_ctrl_c_leaves_after_the_step_and_loses_only_the_epoch(data, tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    unbroken = trained(data, SETTINGS, tmp_path / "a.pt")

    def press(row):
        if row["epoch"] == 0:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trained(data, SETTINGS, tmp_path / "b.pt", press)
    seen = []
    progress = trained(data, SETTINGS, tmp_path / "b.pt", seen.append)
    assert [row["epoch"] for row in seen] == [1, 2] and scores_of(progress) == scores_of(unbroken)
    assert same(progress.best_weights, unbroken.best_weights)
    signal.signal(signal.SIGINT, before)


RECIPES = {
    "sgd, step": {"optimizer": "sgd", "schedule": "step", "step_epochs": 1},
    "nadam, one cycle": {"optimizer": "nadam", "schedule": "one_cycle"},
    "adam, plateau": {"optimizer": "adam", "schedule": "plateau", "plateau_patience": 1, "warmup": 0},
    "focal, mixup, CutMix": {"loss": "focal", "mixup": 0.4, "cutmix": 1.0},
    "class-balanced": {"loss": "class_balanced", "class_weights": {"7": 3}, "logit_adjustment": 1.0},
    "balanced sampling": {"sampling": {"7": 2.5}, "class_weights": "balanced"},
    "moving average, soup": {"ema": 0.9, "soup": 3},
    "gradual": {"tuning": "gradual", "unfreeze_epoch": 1},
    "gradual, sgd": {"tuning": "gradual", "unfreeze_epoch": 1, "optimizer": "sgd"},
    "arcface": {"head": "arcface", "tuning": "last_block"},
    "deep, accumulated": {"head": "deep", "batch_size": 3, "accumulate": 2},
    "by loss": {"stop_by": "loss", "first_size": 32, "clip": 0.5},
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_recipe_trains_and_ends_the_same_when_it_was_stopped(data, tmp_path, recipe):
    settings = FinetunedSettings(**SETTINGS.model_dump() | recipe)
    unbroken = trained(data, settings, tmp_path / "a.pt")
    assert all(np.isfinite(row["loss"]) for row in unbroken.history)

    def stop(row):
        if row["epoch"] == 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(data, settings, tmp_path / "b.pt", stop)
    again = trained(data, settings, tmp_path / "b.pt")
    assert scores_of(again) == scores_of(unbroken) and same(again.best_weights, unbroken.best_weights)


def test_an_image_that_is_sampled_more_often_comes_more_often_as_other_views():
    views = [np.arange(5) + 5 * image for image in range(6)]
    times = np.array([1, 1, 3, 1, 0, 7])
    order, rows = epoch_rows(views, 0, 2, 100, times)
    assert np.bincount(order, minlength=6).tolist() == times.tolist() and epoch_size(views, 2, times) == 13
    assert (rows // 5 == order).all()
    of = {image: np.bincount(rows[order == image] - 5 * image, minlength=5) for image in (2, 5)}
    assert of[2].max() == 1 and sorted(of[5].tolist()) == [1, 1, 1, 2, 2]


def test_the_moving_average_is_what_is_scored_and_kept(data, tmp_path):
    settings = SETTINGS.model_copy(update={"ema": 0.5, "epochs": 1})
    average = trained(data, settings, tmp_path / "a.pt").best_weights
    plain = trained(data, settings.model_copy(update={"ema": 0.0}), tmp_path / "b.pt").best_weights
    changed = [
        key for key, value in plain.items() if value.is_floating_point() and not torch.equal(value, average[key])
    ]
    assert len(changed) > len(plain) / 2


def test_a_soup_is_kept_only_if_it_scores_better(data, tmp_path, monkeypatch):
    settings = SETTINGS.model_copy(update={"soup": 3})
    best = trained(data, SETTINGS, tmp_path / "a.pt")
    for score, souped in ((0.0, 1), (2.0, 3)):
        real, calls = fit_module.evaluate, []

        def judged(network, *rest, real=real, calls=calls, score=score):
            calls.append(1)
            return real(network, *rest) if len(calls) <= 3 else {"clean": score, "test_like": score, "valid_loss": 0.0}

        monkeypatch.setattr(fit_module, "evaluate", judged)
        progress = trained(data, settings, tmp_path / f"{score}.pt")
        monkeypatch.setattr(fit_module, "evaluate", real)
        assert progress.souped == souped and (souped == 3) != same(progress.best_weights, best.best_weights)


def test_gradients_are_shrunk_to_the_norm_and_smaller_ones_are_left():
    layer = torch.nn.Linear(2, 1)
    layer.weight.grad, layer.bias.grad = torch.tensor([[3.0, 0.0]]), torch.tensor([4.0])  # norm 5
    epoch_module._clip(layer, 10.0)
    assert layer.weight.grad.tolist() == [[3.0, 0.0]] and layer.bias.grad.tolist() == [4.0]
    epoch_module._clip(layer, 2.5)
    assert layer.weight.grad.tolist()[0] == pytest.approx(
        [1.5, 0.0], abs=1e-5
    ) and layer.bias.grad.item() == pytest.approx(2.0, abs=1e-5)
