"""Votes from elsewhere in the stage ensemble: external submissions, and a rule of one's own."""
# ruff: noqa: F811

import sys
from pathlib import Path

import pandas as pd
import pytest
from makers.ensemble_stage import MEMBERS, cast, fresh, project  # noqa: F401
from makers.votes import TARGETS, answers

from competition.common.files import digest
from competition.common.registry import load_plugin
from competition.data.predictions import load_predictions
from competition.ensembling.final_vote import read_final_vote
from competition.ensembling.rules import RULES

pytestmark = pytest.mark.slow


def write_external(name, target="x"):
    Path("submissions/external").mkdir(parents=True, exist_ok=True)
    Path(f"submissions/external/{name}.csv").write_text(
        "ID,target\n" + "".join(f"t{n:02d},{target}\n" for n in reversed(range(12)))
    )


def test_external_submissions_vote_unvalidated(project, capsys):
    alone, before = cast("hard_top", top=1)
    for name in ("colleague", "site-2"):
        write_external(name)
    final, facts = cast("hard_top", top=1, external=["colleague", "site-2"])
    assert "warning: not validated votes=colleague,site-2" in capsys.readouterr().out
    assert set(final) == {"x"} and set(alone) != {"x"}  # two of three votes
    row = {"validated": False, "in_scores": False, "votes": True, "agreement": 1.0}
    assert facts["external"] == [{"name": "colleague"} | row, {"name": "site-2"} | row]
    told = [row["digest"] for row in facts["lineage"]["external"]]
    assert told == [digest(Path(f"submissions/external/{name}.csv")) for name in ("colleague", "site-2")]
    assert facts["score"] == before["score"] and facts["fitted"] == before["fitted"]  # of the validated voters
    other, facts = cast("soft", external=["colleague"])
    assert "warning: external votes are not in final.csv chosen=soft" in capsys.readouterr().out
    assert facts["external"][0]["votes"] is False and other.equals(cast("soft")[0])


def test_an_external_submission_that_is_not_valid_gives_no_final(project):
    cast()
    before = Path("submissions/final.csv").read_bytes()
    write_external("colleague", "9")
    with pytest.raises(ValueError, match=r"external/colleague\.csv: 12 .*no class: 9"):
        cast(external=["colleague"])
    with pytest.raises(ValueError, match=r"external/nobody\.csv: no such file"):
        cast(external=["nobody"])
    assert Path("submissions/final.csv").read_bytes() == before


@pytest.fixture
def plugin():
    """A rule in a file of its own, registered for one test."""
    load_plugin(Path(__file__).parents[1] / "plugins/dummy_rule.py")
    yield "dummy_rule"
    del RULES._things["dummy_rule"], sys.modules["plugin.dummy_rule"]


def test_a_plugins_rule_is_a_candidate_like_any_other(fresh, plugin):
    final, facts = cast(plugin)
    assert facts["chosen"] == read_final_vote().chosen == plugin
    assert final.equals(answers(f"submissions/ensembles/{plugin}.csv"))
    assert plugin in set(pd.read_csv("submissions/ensembles.csv")["submission"])
    vote = read_final_vote().vote()
    tests = {
        name: [load_predictions(f"folds/predictions/{name}/{k}.npz")["test"] for k in range(3)] for name in MEMBERS
    }
    voted = vote.predict(tests)
    named = [TARGETS[index] for index in voted.answers]
    assert dict(zip(voted.predictions.ids.tolist(), named, strict=True)) == {
        id_: answer for id_, answer in final.items() if id_ != "t05"
    }


def test_a_rule_that_no_file_has_is_refused(project):
    with pytest.raises(ValueError, match="ensemble.choose: 'dummy_rule'; expected one of .*'greedy', 'hard'"):
        cast("dummy_rule")
