"""What the stage ensemble writes: whole or not at all, the same for the same input, with what it was made of."""
# ruff: noqa: F811

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from makers.ensemble_stage import ON_LABELS, cast, fresh, project  # noqa: F401
from makers.votes import PARAMS
from sklearn.metrics import f1_score

from competition.ensembling.final_files import read_final
from competition.ensembling.final_vote import read_final_vote
from pipelines import ensemble, vote

pytestmark = pytest.mark.slow


def test_same_input_same_bytes(fresh):
    contents = []
    for _ in range(2):
        vote.main()
        ensemble.main()
        contents.append(
            {str(path.relative_to("submissions")): path.read_bytes() for path in Path("submissions").rglob("*.*")}
        )
    assert contents[0] == contents[1]
    names = ("lite0", "lite0_hard", "features", "features_hard", "grey", "grey_hard", "lite0_specialist")
    tables = {
        "final.csv",
        "final.json",
        "metrics.json",
        "leaderboard.csv",
        "ensembles.csv",
        "oof.csv",
        "per_class.csv",
        "confusion.csv",
        "votes.json",
        "final_vote.json",
        "ensembles_oof.csv",
    }
    ensembles = {f"ensembles/{name}.csv" for name in ON_LABELS}
    assert contents[0].keys() == tables | ensembles | {f"members/{name}.csv" for name in names}


def test_an_invalid_final_is_never_put_in_place(project, monkeypatch):
    monkeypatch.setattr(ensemble, "check_submission", lambda path, competition: [f"{path}: 12 answers are no class"])
    with pytest.raises(ValueError, match=r"^submissions/final\.csv: 12 .*no class"):
        cast()
    assert not list(Path("submissions").glob("*final*")) and not list(Path("submissions").glob(".*"))


@pytest.mark.parametrize("renamed", [0, 1, 2, 3])
def test_a_run_that_is_killed_between_the_final_files_is_found_out(project, monkeypatch, renamed):
    cast("soft")
    final, replace_whole, done = Path("submissions/final.json"), os.replace, []
    before = final.read_bytes()

    def killed(source, target):
        if Path(source).parent.name.startswith(".final.") and Path(target).parent.name == "submissions":
            if len(done) == renamed:
                raise KeyboardInterrupt
            done.append(target)
        replace_whole(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        cast("grey")
    monkeypatch.setattr(os, "replace", replace_whole)
    assert final.read_bytes() == before and not list(Path("submissions").glob(".*"))
    if renamed:
        with pytest.raises(ValueError, match=r"submissions/final\.csv: not the file that submissions/final\.json"):
            read_final()
        with pytest.raises(ValueError, match="run `dvc repro ensemble` again"):
            read_final_vote()
    else:
        assert read_final()["chosen"] == read_final_vote().chosen == "soft"
    cast("grey")
    assert read_final()["chosen"] == read_final_vote().chosen == "grey"
    Path("submissions/final.csv").write_text("edited")
    with pytest.raises(ValueError, match="it was edited, or a run was stopped"):
        read_final()


def test_the_ensembles_answers_out_of_fold_are_written(project):
    _, facts = cast("soft")
    oof, ensembles = (pd.read_csv(f"submissions/{name}.csv", dtype=str) for name in ("oof", "ensembles_oof"))
    columns = [f"{name}.{condition}" for name in ON_LABELS for condition in ("clean", "test_like")]
    assert list(ensembles)[:3] == ["ID", "target", "fold"] and set(ensembles.columns[3:]) == set(columns)
    assert ensembles[["ID", "target", "fold"]].equals(oof[["ID", "target", "fold"]])
    table = pd.read_csv("submissions/ensembles.csv").set_index("submission")
    for name in ON_LABELS:
        score = f1_score(ensembles["target"], ensembles[f"{name}.test_like"], average="macro")
        assert table.at[name, "test_like"] == pytest.approx(score, abs=1e-6)
    assert facts["files"].keys() == {"final.csv", "final_vote.json", "metrics.json"}


def test_the_effects_that_training_did_not_get_are_told(project):
    params = PARAMS + "augment: {test_like: {held_out: [jpeg]}%s}\n"
    for more, trained in (("", False), (", train_on_held_out: true", True)):
        Path("params.yaml").write_text(params % more)
        ensemble.main()
        told = json.loads(Path("submissions/final.json").read_text())["held_out_effects"]
        assert told == {"effects": ["jpeg"], "trained_on": trained}


def test_the_lineage_names_what_made_the_answers(project):
    _, facts = cast("lite0_specialist")
    lineage = facts["lineage"]
    assert [row["member"] for row in lineage["weights"]] == ["lite0", "specialist"] == facts["members"]
    assert lineage["git"] == {"commit": None, "dirty": None} and lineage["data_files"] == [
        "data/train.arrow",
        "data/test.arrow",
    ]
    Path("folds/weights/lite0/1.safetensors").write_bytes(b"1")
    Path("folds/audit.json").write_text('{"label_fixes": {"digest": "abc"}}')
    other = cast("lite0_specialist")[1]["lineage"]
    assert other["label_fixes"] == "abc" and lineage["label_fixes"] is None
    changed = [k for k in range(3) if other["weights"][0]["digests"][k] != lineage["weights"][0]["digests"][k]]
    assert changed == [1] and other["params"] == lineage["params"]


def test_rules_may_forbid_a_look_at_the_test_images(project):
    cast()
    Path("params.yaml").write_text(Path("params.yaml").read_text() + "rules: {test_statistics: false}\n")
    before, metrics = Path("submissions/final.csv").read_bytes(), Path("submissions/metrics.json")
    assert json.loads(metrics.read_text()).keys() == {"clean", "test_like", "expected"}
    ensemble.main()
    assert json.loads(metrics.read_text()).keys() == {"clean", "test_like"}
    assert json.loads(Path("submissions/final.json").read_text())["score"]["expected"] is None
    assert Path("submissions/final.csv").read_bytes() == before
