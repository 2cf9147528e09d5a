"""dvc.yaml against the code: each stage depends on exactly what its module imports, and imports run one way."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import yaml

from competition.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())

# The design's order, top to bottom: a file of competition/ imports only from what stands above it, or from its own folder.
ORDER = """
    files seeds catalogue settings params_file tables image_files submission kaggle contract label_fixes held_out class_folders
    adoption public_scores metrics scoring predictions images squares shards sheets progress quiet workers packing classes
    perceptual_hash near_duplicates duplicate_table duplicates shift audit audit_summary audit_tables leaks splitting augmentation
    specialist_votes specialist_choice voting fold_predictions label_review label_sheet standings leaderboard class_scores
    leaderboard_table ensembles combining named_votes confidence public_comparison public_table planning
    batches models processes inference predicting explaining export training launcher search
    report galleries sample
""".split()
BEFORE_TORCH = ORDER[: ORDER.index("batches")] + ["report"]
BROUGHT = ("${competition.root}", "submissions/external", "submissions/public.csv", "folds/label_fixes.csv", "folds/shift.csv",
           "params.yaml")  # by people and their commands: no stage makes it


@cache
def imports(path: Path) -> frozenset[Path]:
    """The project's files that `path` imports itself, anywhere in it, with the __init__ files of the folders on the way."""
    package = path.relative_to(ROOT).parent.parts
    names = set()
    for node in run_nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    found = set()
    for parts in (name.split(".") for name in names):
        if parts[0] in ("competition", "pipelines"):
            ways = [ROOT.joinpath(*parts[: depth + 1]) for depth in range(len(parts))]
            found |= {file for way in ways for file in (way / "__init__.py", way.with_suffix(".py")) if file.is_file()}
    return frozenset(found)


def run_nodes(path: Path) -> list[ast.AST]:
    """All nodes of a file, but for what stands under `if TYPE_CHECKING`: that never runs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    return list(ast.walk(tree))


@cache
def closure(path: Path) -> frozenset[Path]:
    """`path` and all that importing it runs: what it imports, directly or not, and the packages it stands in."""
    parents = {folder / "__init__.py" for folder in path.parents if (folder / "__init__.py").is_file()}
    seen, pending = set(), {path, *parents}
    while pending:
        file = pending.pop()
        seen.add(file)
        pending |= imports(file) - seen
    return frozenset(seen)


def module_of(stage: str) -> Path:
    """The file that a stage's `python -m pipelines.NAME` runs."""
    words = STAGES[stage]["cmd"].split()
    assert words[:2] == ["python", "-m"] and words[2].startswith("pipelines."), f"{stage}: cmd {STAGES[stage]['cmd']!r}"
    return ROOT / f"{words[2].replace('.', '/')}.py"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def place(path: Path) -> str:
    """What of ORDER a file of competition/ belongs to."""
    return path.relative_to(ROOT / "competition").parts[0].removesuffix(".py")


def library_files() -> list[Path]:
    return sorted((ROOT / "competition").rglob("*.py"))


def third_party(path: Path) -> set[str]:
    """The top names of everything that `path` itself imports."""
    nodes = run_nodes(path)
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("stage", STAGES)
def test_deps_are_exactly_what_the_stage_imports(stage):
    listed = [dep for dep in STAGES[stage]["deps"] if dep.endswith(".py")]
    needed = sorted(name_of(path) for path in closure(module_of(stage)))
    assert len(listed) == len(set(listed)), f"dvc.yaml, {stage}: a module stands twice"
    if set(listed) != set(needed):
        missing, idle = sorted(set(needed) - set(listed)), sorted(set(listed) - set(needed))
        lines = [f"      - {name}" for name in needed]
        pytest.fail(
            f"dvc.yaml, stage {stage}: add {missing or 'nothing'}, remove {idle or 'nothing'}; its modules, to be pasted:\n"
            + "\n".join(lines), pytrace=False)  # fmt: skip


@pytest.mark.parametrize("stage", ["prepare", "split", "augment", "review", "vote", "ensemble"])  # those that start without torch
def test_the_reading_of_imports_is_pythons(stage):
    """Whatever of the project Python itself has loaded, after importing the stage's module, is in the closure."""
    code = (f"import sys, pipelines.{module_of(stage).stem}\nassert 'torch' not in sys.modules\n"
            "print(*(m.__file__ for name, m in sys.modules.items() if name.startswith(('competition', 'pipelines'))))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert {Path(file) for file in done.stdout.split()} <= closure(module_of(stage))


@pytest.mark.parametrize("stage", STAGES)
def test_cmd_runs_a_module_that_is_there(stage):
    assert module_of(stage).is_file()


@pytest.mark.parametrize("stage", STAGES)
def test_params_stand_in_params_yaml_and_in_the_settings(stage):
    """DVC refuses to run a stage one of whose params is not in the file, even where the settings have a default."""
    for member in PARAMS["train"]["members"]:
        for key in STAGES[stage].get("params", []):
            shipped, settings = PARAMS, load_settings(ROOT / "params.yaml").model_dump()
            for part in key.replace("${item.member}", member).split("."):
                assert part in shipped, f"dvc.yaml, {stage}: params.yaml has no {key}"
                assert part in settings, f"dvc.yaml, {stage}: Settings has no {key}"
                shipped, settings = shipped[part], settings[part]


def test_every_section_of_the_settings_is_some_stages_param():
    """A key that no stage watches could change without anything being run again; only who does the work, and where it is handed in, may."""
    watched = {key.split(".")[0] for stage in STAGES.values() for key in stage.get("params", [])}
    assert watched == set(Settings.model_fields) - {"machine", "submit"}


def test_the_shipped_policies_are_an_input_of_augment():
    assert "competition/policies" in STAGES["augment"]["deps"] and (ROOT / "competition/policies/document.yaml").is_file()


def test_dvc_itself_shows_curves_confusion_and_scores():
    """Without the report: `dvc plots show` draws the first two, `dvc metrics diff` and `dvc exp show` have the scores."""
    for stage, member in (("train", "${item.member}"), ("specialize", "specialist")):
        place = f"{member}/${{item.fold}}"
        (path, facts), = STAGES[stage]["plots"][0].items()
        assert (path, facts["x"], facts["y"], facts["cache"]) == (f"folds/history/{place}.csv", "epoch", "test_like", False)
    metrics = {name: stage["metrics"] for name, stage in STAGES.items() if "metrics" in stage}
    (path, facts), = metrics.pop("ensemble")[0].items()
    assert not metrics and (path, facts["cache"]) == ("submissions/metrics.json", False)  # three scores: a table that a terminal can show
    (confusion,) = (plot["confusion"] for plot in yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"])
    assert (confusion["template"], confusion["x"], confusion["y"]) == ("confusion", "actual", {"submissions/confusion.csv": "predicted"})
    assert {"submissions/confusion.csv": {"cache": False}} in STAGES["vote"]["outs"]


def test_every_input_is_some_stages_output():
    made = {next(iter(out)) if isinstance(out, dict) else out
            for stage in STAGES.values() for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])}  # fmt: skip
    made = {path.replace("${item.member}", "lite0") for path in made}
    for stage, facts in STAGES.items():
        for dep in facts["deps"]:
            if not dep.startswith(("competition", "pipelines")) and dep not in BROUGHT:
                path = dep.replace("${specialize.base}", "lite0")
                assert any(out == path or out.startswith(f"{path}/") for out in made), f"{stage}: nothing makes {dep}"


def test_the_order_names_every_file():
    there = {place(path) for path in library_files()} - {"__init__"}
    assert there <= set(ORDER), f"not in ORDER: {sorted(there - set(ORDER))}"


def test_imports_run_one_way():
    wrong = []
    for path in library_files():
        if place(path) == "__init__":
            continue
        for other in imports(path):
            inner = name_of(other).startswith("competition/") and place(other) != "__init__"
            if inner and ORDER.index(place(other)) > ORDER.index(place(path)):
                wrong.append(f"{name_of(path)} imports {name_of(other)}")
    assert not wrong, "\n".join(sorted(wrong))


def test_no_import_runs_in_a_circle():
    # a package's __init__ file is left out: Python lets its own modules import it back
    graph = {path: {other for other in imports(path) if other.name != "__init__.py"} for path in library_files()
             if path.name != "__init__.py"}  # fmt: skip
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(name_of(path) for path in error.args[1]), pytrace=False)


def test_the_library_knows_nothing_of_pipelines():
    wrong = {name_of(path): name_of(other) for path in library_files() for other in imports(path) if "pipelines" in other.parts}
    assert not wrong


def test_pipelines_never_import_each_other():
    allowed = {ROOT / "pipelines/__init__.py", ROOT / "pipelines/_main.py"}
    for path in (ROOT / "pipelines").glob("*.py"):
        others = {other for other in imports(path) if other.parent == ROOT / "pipelines"} - allowed
        assert not others, f"{name_of(path)} imports {sorted(map(name_of, others))}"


def test_nothing_up_to_voting_and_leaderboard_reaches_torch():
    wrong = [f"{name_of(path)}, through {name_of(other)}" for path in library_files() if place(path) in BEFORE_TORCH
             for other in closure(path) if third_party(other) & {"torch", "torchvision", "timm", "safetensors"}]  # fmt: skip
    assert not wrong, "\n".join(wrong)


def test_a_wrong_deps_list_would_be_noticed(tmp_path, monkeypatch):
    """The import reader sees every way of writing an import, on files written for it."""
    (tmp_path / "competition/inner").mkdir(parents=True)
    for name in ("__init__", "a", "b", "c", "d", "never", "inner/__init__", "inner/e", "inner/f"):
        (tmp_path / f"competition/{name}.py").touch()
    (tmp_path / "competition/a.py").write_text(
        "import os, competition.b\nfrom competition import c as other\nif TYPE_CHECKING:\n    import competition.never\n"
        "def later():\n    from competition.inner.e import x\n")
    (tmp_path / "competition/inner/e.py").write_text("from . import f\nfrom ..d import y\n")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    found = {name_of(path).removeprefix("competition/") for path in closure(tmp_path / "competition/a.py")}
    assert found == {"__init__.py", "a.py", "b.py", "c.py", "d.py", "inner/__init__.py", "inner/e.py", "inner/f.py"}
