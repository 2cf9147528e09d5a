"""The whole suite: each of pytest-xdist's workers keeps to a core of its own, and threads that wait don't spin."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if WORKER and hasattr(os, "sched_setaffinity"):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(WORKER.removeprefix("gw")) % len(cores)]})  # what it starts inherits it

FIRST = (  # they take longest: no worker should begin with them last
    "tests/test_pipeline.py",
    "tests/test_competitions.py",
    "tests/test_plugins.py",
    "tests/pipelines/test_ensemble.py",
    "tests/pipelines/test_ensemble_holdout.py",
    "tests/pipelines/test_ensemble_files.py",
    "tests/augmentation/augraphy/test_bank.py",
    "tests/augmentation/augraphy/test_adapter.py",
    "tests/ensembling/test_tasks.py",
    "tests/augmentation/test_offline.py",
    "tests/training/test_fit_recipes.py",
    "tests/serving/test_predict.py",
    "tests/serving/test_predict_tasks.py",
    "tests/compute/test_distributed.py",
    "tests/compute/test_launcher.py",
    "tests/report/test_report_browser.py",
    "tests/pipelines/test_vote_tasks.py",
    "tests/pipelines/test_upright.py",
    "tests/pipelines/test_documented_commands.py",
    "tests/tuning/test_postgres.py",
    "tests/tuning/test_workers.py",
    "tests/upright/test_training.py",
)


def pytest_collection_modifyitems(items: list) -> None:
    """Put the longest files first; a file's tests stay on one worker, so that it makes its fixtures once."""
    place = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))
