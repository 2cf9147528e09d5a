"""Fitting of all folds' networks: beside each other as alone, and no longer than somebody waits for them."""

from functools import partial
from pathlib import Path

import pytest
import torch
from makers.photographs import FOLD_OF, SETTINGS

from competition.common.imports import ROOT, import_closure
from competition.compute import pool
from competition.compute.device import cores
from competition.settings.machine import MachineSettings
from competition.upright import fit, learn
from competition.upright.fit import FoldPhotographs

SHORT = SETTINGS.model_copy(update={"corners_epochs": 1, "orientation_epochs": 1, "frozen_stages": 0})


def test_the_orientation_network_begins_with_what_the_corner_network_has_learnt(photographs, tmp_path, monkeypatch):
    begun: list[tuple[dict, dict]] = []
    real = fit.train_network

    def train(network, *rest):
        before = {key: value.clone() for key, value in network.trunk.state_dict().items()}
        real(network, *rest)
        begun.append((before, {key: value.clone() for key, value in network.trunk.state_dict().items()}))

    monkeypatch.setattr(fit, "train_network", train)
    weights = [tmp_path / f"{name}.safetensors" for name in ("one", "resumed")]
    for target in weights:  # the second time from the states that the first left
        fit.fit_fold(photographs, 0, SHORT, target, tmp_path)
    (untrained, learnt), (taken, _), *resumed = begun
    assert all(torch.equal(taken[key], learnt[key]) for key in learnt)
    assert any(not torch.equal(untrained[key], learnt[key]) for key in learnt)
    assert all(torch.equal(resumed[1][0][key], learnt[key]) for key in learnt)
    assert weights[0].read_bytes() == weights[1].read_bytes()


@pytest.fixture
def weights(tmp_path) -> dict[int, Path]:
    return {fold: tmp_path / "networks" / f"{fold}.safetensors" for fold in (0, 1, 2)}


def test_folds_beside_each_other_become_what_each_becomes_alone(folder, photographs, weights, tmp_path):
    read = partial(FoldPhotographs.read, folder / "photographs.arrow", FOLD_OF, 255)
    threads, alone = torch.get_num_threads(), {}
    torch.set_num_threads(max(1, cores() // 3))  # of all folds, also where one of them is there
    for fold in weights:
        fit.fit_fold(photographs, fold, SHORT, tmp_path / "alone.safetensors", tmp_path / "alone")
        alone[fold] = (tmp_path / "alone.safetensors").read_bytes()
    torch.set_num_threads(threads)
    weights[0].parent.mkdir(parents=True, exist_ok=True)
    weights[0].write_bytes(alone[0])
    fit.fit_folds(read, weights, SHORT, tmp_path, MachineSettings(workers=2))
    assert {fold: path.read_bytes() for fold, path in weights.items()} == alone


@pytest.mark.parametrize(
    ("folds", "workers", "at_once"), [(3, 2, 3), (5, 2, 3), (4, 2, 2), (7, 4, 7), (2, 8, 2), (3, 1, None)]
)
def test_no_core_waits_for_the_last_fold(tmp_path, monkeypatch, folds, workers, at_once):
    dealt, alone = [], []

    def deal(work, tasks, machine):
        dealt.append((machine.workers, [task[1] for task in tasks]))
        return []

    monkeypatch.setattr(fit, "deal", deal)
    monkeypatch.setattr(fit, "fit_fold", lambda read, fold, *rest: alone.append(fold))
    weights = {fold: tmp_path / f"{fold}.safetensors" for fold in range(folds)}
    fit.fit_folds(lambda: None, weights, SHORT, tmp_path, MachineSettings(workers=workers))
    assert (dealt, alone) == (([(at_once, [*range(folds)])], []) if at_once else ([], [*range(folds)]))


def test_a_worker_whose_command_was_killed_ends_with_the_epoch(photographs, weights, tmp_path, monkeypatch):
    parents = iter((7, 7, 1))
    monkeypatch.setattr(pool.os, "getppid", lambda: next(parents))
    (tmp_path / "networks").mkdir()
    seen: list[str] = []
    with pytest.raises(SystemExit):
        fit._fit_in_a_worker(lambda: photographs, 0, SHORT, weights[0], tmp_path, lambda row: seen.append(row), 1)
    assert [row["network"] for row in seen] == ["corners"] and not weights[0].exists()
    assert len(list(tmp_path.glob("*.pt"))) == 2  # what whoever comes next goes on from


def test_networks_are_named_by_what_made_them_and_not_by_how_pages_are_looked_for():
    """An edit of the latter trains nothing anew."""
    covered = {
        path.relative_to(ROOT).as_posix()
        for module in learn.MAKERS
        for path in import_closure(ROOT / f"{module.replace('.', '/')}.py")
    }
    folder = "competition/upright"
    assert {f"{folder}/{name}.py" for name in ("photographs", "training", "networks", "geometry", "fit")} <= covered
    assert not {f"{folder}/{name}.py" for name in ("page_finder", "scoring", "accuracy", "learn")} & covered
