"""A made competition, packed once for a file of tests, and its first fold."""

import numpy as np
import pytest
from makers.packed import load, packed_competition


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("competition")


@pytest.fixture(scope="module")
def folds(folder):
    return packed_competition(folder)


@pytest.fixture(scope="module")
def data(folder, folds):
    return load(folder, folds)


@pytest.fixture(scope="module")
def held(folder, folds):
    return load(folder, folds.assign(fold=np.where(np.arange(len(folds)) < 6, -1, folds.fold)))
