"""dvc.yaml against the code: each stage depends on exactly what its module imports, and what it reads is made."""

import ast
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from makers.commands import call  # noqa: F401
from makers.dag import commands

from competition.common.imports import ROOT, import_closure
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines import deps
from pipelines._main import warn_of_undeclared
from pipelines.deps import with_modules

TEXT = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
STAGES = yaml.safe_load(TEXT)["stages"]
PARAMS = yaml.safe_load((ROOT / "competition/settings/presets/sample.yaml").read_text(encoding="utf-8"))
# brought by people and their commands: no stage makes it
BROUGHT = (
    "${competition.root}",
    "${competition.root}/train.csv",
    "submissions/external",
    "submissions/public.csv",
    "folds/label_fixes.csv",
    "folds/shift.csv",
    "params.yaml",
)
# read only to say early what a later stage would fail by: what is made doesn't depend on it
ONLY_CHECKED = {"prepare": {"train", "members"}}
# read for the network's name alone, which stands in the command
ONLY_CHECKED |= {"train": {"refit", "split"}, "refit": {"refit", "split"}}


def test_the_module_lists_are_not_stale():
    settings = load_settings(ROOT / "params.yaml")
    assert with_modules(TEXT, ROOT, settings) == TEXT, "run `python -m pipelines.deps --write`"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_what_its_module_imports_and_on_no_other_module(stage):
    listed = [ROOT / dep for dep in STAGES[stage]["deps"] if dep.startswith(("competition/", "pipelines/"))]
    files = [file for path in listed for file in ([path] if path.is_file() else path.rglob("*.py"))]
    assert len(set(files)) == len(files)
    assert set(files) == import_closure(ROOT / f"{STAGES[stage]['cmd'].split()[2].replace('.', '/')}.py")


def test_a_folder_stands_for_its_modules_where_it_holds_nothing_else(tmp_path):
    for name in ("a/b/one.py", "a/b/c/two.py", "a/b/__pycache__/one.pyc", "a/three.py", "a/d/four.py", "a/d/five.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    modules = [tmp_path / name for name in ("a/b/one.py", "a/b/c/two.py", "a/three.py", "a/d/four.py")]
    assert deps.listed(modules, tmp_path) == ["a/b  # modules", "a/d/four.py", "a/three.py"]
    assert deps.listed(modules[1:], tmp_path) == ["a/b/c  # modules", "a/d/four.py", "a/three.py"]
    (tmp_path / "a/d/five.yaml").unlink()
    assert deps.listed(modules, tmp_path) == ["a  # modules"]


def test_plugins_and_weights_files_of_params_yaml_are_listed(tmp_path):
    plugin = ROOT / "tests/plugins/dummy_member.py"
    (tmp_path / "params.yaml").write_text(f"""
        plugins: [{plugin}]
        train: {{members: [lite0]}}
        members: {{lite0: {{kind: finetuned, weights: own/a.pth}}, other: {{kind: finetuned, weights: own/b.pth}}}}
        specialize: {{network: {{weights: own/c.safetensors}}}}
    """)
    text = with_modules(TEXT, ROOT, load_settings(tmp_path / "params.yaml"))
    deps = {name: set(stage["deps"]) for name, stage in yaml.safe_load(text)["stages"].items()}
    assert {name for name in deps if str(plugin) in deps[name]} == set(deps)  # all read params.yaml
    added = {name: deps[name] - set(STAGES[name]["deps"]) - {str(plugin)} for name in deps}
    assert {name: files for name, files in added.items() if files} == {
        "train": {"own/a.pth"},
        "refit": {"own/a.pth"},
        "specialize": {"own/c.safetensors"},
    }
    assert with_modules(text, ROOT, load_settings(ROOT / "params.yaml")) == TEXT  # and taken out again


def test_the_folder_of_images_without_labels_is_listed_while_there_is_a_student(tmp_path):
    (tmp_path / "params.yaml").write_text('distil: {student: [lite0], images: "scans: old"}')
    text = with_modules(TEXT, ROOT, load_settings(tmp_path / "params.yaml"))
    listed = [name for name, stage in yaml.safe_load(text)["stages"].items() if "scans: old" in stage["deps"]]
    assert listed == ["distil"] and with_modules(text, ROOT, load_settings(ROOT / "params.yaml")) == TEXT


def test_the_student_is_made_behind_the_final_vote_and_only_where_one_is_named():
    """And nothing that it makes is among what the vote reads: that would be a circle."""
    params = deepcopy(PARAMS)
    assert "pipelines.distil" not in [module for module, _ in commands(params)]
    params["distil"]["student"] = ["lite0"]
    modules = [module for module, _ in commands(params)]
    assert modules.index("pipelines.distil") > modules.index("pipelines.ensemble")


def test_what_a_stage_reads_and_dvc_yaml_lacks_is_warned_of(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    warn_of_undeclared("train", ["own.pth"])
    assert capsys.readouterr().out == ""  # no pipeline here
    (tmp_path / "dvc.yaml").write_text("stages: {train: {cmd: x, deps: [own.pth]}}")
    warn_of_undeclared("train", [Path("own.pth")])
    assert capsys.readouterr().out == ""
    warn_of_undeclared("train", [Path("own.pth"), "mine.py"])
    said = capsys.readouterr().out
    assert "files=mine.py" in said and "run `python -m pipelines.deps --write`" in said


@pytest.mark.slow
def test_a_stale_list_is_said_and_written(tmp_path, monkeypatch, call):  # noqa: F811
    for name in ("competition", "pipelines"):
        (tmp_path / name).symlink_to(ROOT / name)
    stale = TEXT.replace("      - competition/folds/split.py\n", "")
    assert stale != TEXT
    (tmp_path / "dvc.yaml").write_text(stale)
    monkeypatch.chdir(tmp_path)
    code, out, err = call(deps, "--check")
    assert code == 1 and "stale stage=split add=competition/folds/split.py remove=nothing" in out
    assert "run `python -m pipelines.deps --write`" in err and (tmp_path / "dvc.yaml").read_text() == stale
    assert call(deps, "--write")[0] == 0 and (tmp_path / "dvc.yaml").read_text() == TEXT
    assert call(deps, "--check")[0] == 0
    assert call(deps)[0] == 1


@pytest.mark.parametrize("stage", STAGES)
def test_cmd_runs_a_module_that_is_there(stage):
    words = STAGES[stage]["cmd"].split()
    assert words[:2] == ["python", "-m"] and (ROOT / f"{words[2].replace('.', '/')}.py").is_file()


@pytest.mark.parametrize("stage", STAGES)
def test_params_stand_in_the_sample_preset_and_in_the_settings(stage):
    """DVC refuses to run a stage one of whose params is not in the file, even where the settings have a default."""
    for member in PARAMS["train"]["members"]:
        for key in STAGES[stage].get("params", []):
            shipped = PARAMS
            settings = load_settings(ROOT / "competition/settings/presets/sample.yaml").model_dump()
            for part in key.replace("${item.member}", member).split("."):
                assert part in shipped, f"dvc.yaml, {stage}: the preset has no {key}"
                assert part in settings, f"dvc.yaml, {stage}: Settings has no {key}"
                shipped, settings = shipped[part], settings[part]


def test_every_section_of_the_settings_is_some_stages_param():
    """A key that no stage watches could change without a run; only who does the work and where it is sent may.

    Plugins are deps.
    """
    watched = {key.split(".")[0] for stage in STAGES.values() for key in stage.get("params", [])}
    assert watched == set(Settings.model_fields) - {"machine", "submit", "plugins"}


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"report"}))  # it is made anew each time
def test_a_stage_watches_every_section_that_its_module_reads(stage):
    """`settings.task` in pipelines/prepare.py, say, makes `task`, or a key of it, one of the stage's params."""
    module = ROOT / "pipelines" / f"{STAGES[stage]['cmd'].split()[2].removeprefix('pipelines.')}.py"
    files = [module, *(ROOT / "competition/upright").glob("*.py")] if stage == "upright" else [module]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    read = {node.attr for node in nodes if ast.unparse(node.value) in ("settings", "everything", "load_settings()")}
    watched = {key.split(".")[0] for key in STAGES[stage]["params"]}
    assert (read & set(Settings.model_fields)) - {"machine", "submit", "plugins"} <= watched | ONLY_CHECKED.get(
        stage, set()
    )


@pytest.mark.parametrize("stage", ["augment", "upright"])
def test_the_shipped_policies_are_an_input_of_what_damages_pages(stage):
    policies = "competition/settings/policies"
    assert policies in STAGES[stage]["deps"] and (ROOT / policies / "heavy.yaml").is_file()


def test_dvc_itself_shows_curves_confusion_and_scores():
    """`dvc plots show` draws the first two, `dvc metrics diff` and `dvc exp show` have the scores."""
    for stage, member in (("train", "${item.member}"), ("specialize", "specialist")):
        place = f"{member}/${{item.fold}}"
        ((path, facts),) = STAGES[stage]["plots"][0].items()
        assert (path, facts["x"], facts["y"], facts["cache"]) == (
            f"folds/history/{place}.csv",
            "epoch",
            "test_like",
            False,
        )
    metrics = {name: stage["metrics"] for name, stage in STAGES.items() if "metrics" in stage}
    ((path, facts),) = metrics.pop("ensemble")[0].items()
    # three scores: a table that a terminal can show
    assert not metrics and (path, facts["cache"]) == ("submissions/metrics.json", False)
    (confusion,) = (plot["confusion"] for plot in yaml.safe_load(TEXT)["plots"])
    drawn = {"submissions/confusion.csv": "predicted"}
    assert (confusion["template"], confusion["x"], confusion["y"]) == ("confusion", "actual", drawn)
    assert {"submissions/confusion.csv": {"cache": False}} in STAGES["vote"]["outs"]


def test_every_input_is_some_stages_output():
    outs = [out for stage in STAGES.values() for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
    made = {next(iter(out)) if isinstance(out, dict) else out for out in outs}
    made = {path.replace("${item.member}", "lite0") for path in made}
    for stage, facts in STAGES.items():
        for dep in facts["deps"]:
            if not dep.startswith(("competition", "pipelines")) and dep not in BROUGHT:
                path = dep.replace("${item.base}", "lite0").replace("${item.member}", "lite0")
                assert any(out == path or out.startswith(f"{path}/") for out in made), f"{stage}: nothing makes {dep}"


def test_the_ledger_of_holdouts_is_no_output():
    """DVC removes, restores and compares outputs; the ledger is only ever added to, and git keeps it."""
    for stage in STAGES.values():
        for kind in ("deps", "outs", "metrics", "plots"):
            assert not [one for one in stage.get(kind, []) if "holdout.csv" in str(one)]
    assert "holdout.csv" not in (ROOT / ".gitignore").read_text(encoding="utf-8")


def test_a_stage_that_can_be_off_is_a_list_of_the_settings():
    """DVC can't template null; a list without entries makes no stage."""
    assert STAGES["review"]["matrix"] == {"condition": "${review.conditions}"}
    assert STAGES["report"]["matrix"] == {"format": "${report.formats}"}
    assert STAGES["adapt"]["matrix"]["member"] == "${adapt.members}"
    for folder in ("adapted", "review"):  # so that others can depend on it whether the stage runs
        assert (ROOT / "folds" / folder / ".gitkeep").is_file()


def test_what_is_adapted_learns_from_all_members_and_the_votes_from_it():
    assert "folds/predictions" in STAGES["adapt"]["deps"]
    outs = [next(iter(one)) if isinstance(one, dict) else one for one in STAGES["adapt"]["outs"]]
    assert all(one.startswith("folds/adapted/") for one in outs)  # apart, or the stage would wait for itself
    for name in ("review", "vote", "ensemble", "distil", "report"):
        assert "folds/adapted" in STAGES[name]["deps"]
