"""Two processes that train and predict together, against one: the same plan, the same predictions, the same decisions.

The processes are forked from a server that has imported everything once; test_launcher.py starts them as a user does.
"""

import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch
from makers.distributed import SETTINGS, together
from makers.metrics import F1
from makers.packed import SIZE, TARGETS, packed_competition

from competition.compute.device import check_precision
from competition.compute.distributed import processes
from competition.inference.predictor import predict_proba
from competition.inference.tta import orientation_weights
from competition.models.layers.fusion import for_inference
from competition.models.networks import create_network
from competition.training import epoch as epoch_module
from competition.training import fit as fit_module
from competition.training.fold_data import load_fold

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    packed_competition(folder, images=48).to_csv(folder / "folds.csv", index=False)
    return folder


def load(folder):
    folds = pd.read_csv(folder / "folds.csv", dtype={"ID": str, "target": str})
    return load_fold(0, folds, TARGETS, folder / "augmented.arrow", folder / "test.arrow", F1)


# predictions


def predictions(folder, precision):
    """What this process gets for several numbers of rows, and what it is told of progress."""
    settings = SETTINGS.model_copy(update={"network": "mobilenetv3_small_050"})
    network, normalise = create_network(settings, 3)
    fast, store = for_inference(network, SIZE, precision == "bfloat16"), load(folder).store
    found, ticks = [], []
    for rows in (np.random.default_rng(0).permutation(110), np.arange(10), np.arange(0)):  # 4 batches, 1 and none
        found.append(
            predict_proba(fast, normalise, store, rows, SIZE, precision, orientation_weights(5, 0), ticks.append)
        )
    return found, ticks, torch.get_num_threads()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_weights_give_exactly_one_processs_predictions(folder, precision):
    ((alone, ticks, threads),) = together(predictions, folder, precision, count=1)
    assert [len(rows) for rows in alone] == [110, 10, 0] and ticks == [32, 32, 32, 14, 10] and threads == 1
    assert np.ptp(alone[0], axis=0).max() > 1e-3  # or any order of rows would do
    for count in (2, 3):
        for index, (found, told, _) in enumerate(together(predictions, folder, precision, count=count)):
            assert all(
                (one == other).all() and one.dtype == other.dtype for one, other in zip(alone, found, strict=True)
            )
            # the main one's bar comes to its end
            assert index or (sum(told) == 120 and len(told) == {2: 3, 3: 3}[count])


# training


def trained(folder, state, *recipes):
    """Weights and history of each recipe on fold 0, as this process has them."""
    data, result = load(folder), []
    for number, recipe in enumerate(recipes):
        settings = SETTINGS.model_copy(update=recipe)
        network, normalise = create_network(settings, len(TARGETS))
        progress = fit_module.fit(network, normalise, data, settings, state / f"{number}.pt", targets=TARGETS)
        result.append(({key: value.numpy() for key, value in progress.best_weights.items()}, progress.history))
    return result


def same(one, other):
    return all((value == other[key]).all() for key, value in one.items())


# 30 training images, and no last step that is too small for two; no dropout, no batch-norm, so that nothing but
# rounding may differ
RECIPES = [
    {"batch_size": 13},  # shares of 7 and 6, then of 2 and 2
    {
        "batch_size": 2,
        "accumulate": 5,
        "class_weights": {"7": 20.0},
        "loss": "focal",
    },  # in parts, uneven also by weight
    {"mixup": 0.4, "cutmix": 1.0, "batch_size": 11, "ema": 0.5},
    {"tuning": "gradual", "unfreeze_epoch": 1, "head": "arcface", "first_size": 32, "momentum": 0.0},
]


def test_without_batch_norm_two_processes_end_in_one_processs_weights(folder, tmp_path):
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    (alone,) = together(trained, folder, one, *RECIPES, count=1)
    main, second = together(trained, folder, two, *RECIPES)
    ((reordered, _),) = together(trained, folder, other, RECIPES[0] | {"seed": 1}, count=1)[0]
    # or nothing would be shown
    assert any(np.abs(value - reordered[key]).max() > 1e-3 for key, value in alone[0][0].items())
    for number, recipe in enumerate(RECIPES):
        (expected, history), (weights, rows) = alone[number], main[number]
        assert same(weights, second[number][0]), recipe
        for key, value in expected.items():
            assert np.allclose(weights[key], value, atol=1e-5), (recipe, key)
        for row, found, elsewhere in zip(history, rows, second[number][1], strict=True):
            assert found["loss"] == pytest.approx(row["loss"], abs=1e-5) and elsewhere["loss"] == found["loss"]
            assert found["test_like"] == pytest.approx(row["test_like"], abs=0.005) == elsewhere["test_like"]
            assert found["learning_rate"] == row["learning_rate"]


def test_two_processes_learn_as_well_as_one_and_agree_where_there_is_batch_norm(folder, tmp_path):
    learning = {"epochs": 6, "optimizer": "adamw", "learning_rate": 3e-3}
    recipes = [
        learning | {"network": "test_efficientnet_ln"},
        learning | {"network": "test_resnet", "ema": 0.5, "soup": 2},
    ]
    (alone,) = together(trained, folder, tmp_path / "one", recipes[0], count=1)
    main, second = together(trained, folder, tmp_path / "two", *recipes)
    best = [max(row["test_like"] for row in history) for _, history in (alone[0], main[0])]
    assert best[0] > 0.9 and best[1] == pytest.approx(best[0], abs=0.005)  # guessing scores 1/3
    assert all(same(one[0], other[0]) for one, other in zip(main, second, strict=True))
    assert any(key.endswith("running_var") for key in main[1][0])


def test_too_few_images_for_every_process_are_refused(folder, tmp_path):
    for error in together(trained, folder, tmp_path, {"batch_size": 3}):
        assert (
            isinstance(error, ValueError)
            and "30 training images, 3 in a step" in str(error)
            and "at least 4" in str(error)
        )
    assert not list(tmp_path.iterdir())


# what one process meets, all do something about


def meeting(folder, state, what, where, call, recipe):
    """`trained`, where process `where` meets `what` at its loss number `call` (an epoch has 4 steps), and the losses'
    sizes.
    """
    real, calls, sizes = epoch_module.training_loss, [], []

    def loss(network, output, soft, criterion):
        calls.append(1)
        sizes.append(len(soft))
        if processes().index == where and len(calls) == call:
            if isinstance(what, BaseException):
                raise what
            if what == "ctrl-c":
                os.kill(os.getpid(), signal.SIGINT)
            else:
                return real(network, output, soft, criterion) * what
        return real(network, output, soft, criterion)

    epoch_module.training_loss = loss
    return trained(folder, state, recipe)[0], sizes


def test_a_loss_that_is_no_number_takes_all_back_and_memory_that_runs_out_halves_for_all(folder, tmp_path):
    ((plain,), _) = together(trained, folder, tmp_path / "plain", {})
    main, second = together(meeting, folder, tmp_path / "nan", float("nan"), 1, 6, {})  # the second step of epoch 1
    assert same(main[0][0], second[0][0])
    for (weights, history), _ in (main, second):
        assert [row["loss"] for row in history][:1] == [row["loss"] for row in plain[1]][:1]
        assert history[1]["learning_rate"] == pytest.approx(plain[1][1]["learning_rate"] / 2)
        assert all(np.isfinite(row["loss"]) for row in history) and all(
            np.isfinite(value).all() for value in weights.values()
        )
    full = torch.OutOfMemoryError("CUDA out of memory")
    for (weights, _), sizes in together(
        meeting, folder, tmp_path / "memory", full, 0, 2, {"batch_size": 4, "accumulate": 2}
    ):
        # shares of 4, in halves since the second step; of the last step's 6
        assert sizes == [4, 4, 2, 2, 2, 2, 3, *[2, 2] * 3, 3]
        assert all(np.allclose(value, plain[0][key], atol=1e-5) for key, value in weights.items())
    states = [torch.load(tmp_path / name / "0.pt", weights_only=True) for name in ("nan", "memory")]
    assert all(len(state["result"]["history"]) == 2 for state in states)


def test_ctrl_c_in_one_process_stops_all_and_the_next_run_goes_on(folder, tmp_path):
    ((plain,), _) = together(trained, folder, tmp_path / "plain", {})
    for stopped in together(meeting, folder, tmp_path / "a", "ctrl-c", 1, 6, {}):
        assert isinstance(stopped, KeyboardInterrupt)
    assert len(torch.load(tmp_path / "a/0.pt", weights_only=True)["result"]["history"]) == 1
    for ((weights, history),) in together(trained, folder, tmp_path / "a", {}):
        assert same(weights, plain[0]) and [row["loss"] for row in history] == [row["loss"] for row in plain[1]]


def test_an_error_in_one_process_ends_the_others(folder, tmp_path):
    main, second = together(meeting, folder, tmp_path, RuntimeError("shapes don't match"), 1, 2, {})
    assert "shapes" in str(second) and isinstance(main, ChildProcessError)


def test_a_state_that_not_all_processes_find_is_refused(folder, tmp_path):
    together(trained, folder, tmp_path / "0", {"epochs": 1}, count=1)
    for error in together(elsewhere, folder, tmp_path):
        assert isinstance(error, ValueError) and "nodes have to share the project's folder" in str(error)


def elsewhere(folder, state):
    return trained(folder, state / str(processes().index), {})


def test_float16_is_refused_without_a_gpu(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for precision in ("auto", "float32", "bfloat16"):
        check_precision(precision)
    with pytest.raises(ValueError, match="float16, but there is no GPU"):
        trained(folder, tmp_path, {"precision": "float16"})
