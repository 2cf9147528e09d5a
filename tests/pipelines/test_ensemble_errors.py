"""What the stages vote and ensemble say of what is missing or of another run."""
# ruff: noqa: F811

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from makers.ensemble_stage import fresh, project  # noqa: F401

from competition.data.predictions import load_predictions, save_predictions
from pipelines import ensemble, vote

pytestmark = pytest.mark.slow


def test_a_member_that_is_missing_or_lacks_images_is_named(project):
    path = Path("folds/predictions/grey/2.npz")
    parts = load_predictions(path)
    save_predictions(path, parts | {"test": parts["test"].select(parts["test"].ids[1:])})
    with pytest.raises(ValueError, match=r"grey/2\.npz: test: 1 images are missing .*t00"):
        ensemble.main()
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"grey/2\.npz: not found; `dvc repro` trains"):
        ensemble.main()


def test_a_leaderboard_of_another_run_is_refused(project):
    leaderboard = pd.read_csv("submissions/leaderboard.csv")
    leaderboard[leaderboard["submission"] != "grey"].to_csv("submissions/leaderboard.csv", index=False)
    with pytest.raises(ValueError, match="leaderboard.csv: no grey; it is of another run; run `dvc repro` again"):
        ensemble.main()


def test_a_users_mistake_is_one_message(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text("")
    command, path = [sys.executable, "-m", "pipelines.split"], {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=path, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: data/train.arrow: not found")
    assert len(done.stderr.splitlines()) == 1
    monkeypatch.chdir(tmp_path)
    for stage in (vote, ensemble):
        with pytest.raises(FileNotFoundError, match="data/raw: no such folder"):
            stage.main()


def test_what_is_missing_is_named_with_the_command_that_makes_it(project):
    Path("submissions/leaderboard.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"leaderboard\.csv: not found; `dvc repro` makes it \(stage vote\)"):
        ensemble.main()
    Path("folds/scores/grey/2.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"folds/scores/grey/2\.json: not found; `dvc repro`"):
        vote.main()
    Path("folds/folds.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"folds/folds\.csv: not found; `dvc repro` makes it \(stage split\)"):
        vote.main()
