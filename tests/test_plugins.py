"""The whole pipeline with a thing of each kind from a file of its own: nothing else has to be edited to add one."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from makers.pipeline import ROOT, TEST, call, environment, make_project
from makers.sample import generated
from safetensors import safe_open

pytestmark = pytest.mark.slow
KINDS = ("effect", "network", "loss", "optimizer", "schedule", "metric", "member", "rule", "section")
PARAMS = """
plugins: [{plugins}]
competition: {{root: data/raw}}
rules: {{}}
prepare: {{longest_side: 64}}
split: {{folds: [0, 1]}}
augment:
  size: 32
  copies: 1
  policy: none
  transforms: {{dummy_effect: {{probability: 1.0}}}}
  test_like: {{policy: none, held_out: [], transforms: {{dummy_effect: {{probability: 0.5}}}}}}
train: {{members: [net, colours]}}
members:
  net: {{kind: finetuned, network: dummy_resnet, weights: none, size: 32, epochs: 1, loss: dummy_loss,
        optimizer: dummy_optimizer, schedule: dummy_schedule}}
  colours: {{kind: dummy_member, size: 32}}
specialize: {{base: []}}
review: {{conditions: []}}
upright: {{use: off}}
adapt: {{members: []}}
refit: {{members: [], seeds: [0]}}
distil: {{student: []}}
tta: {{passes: 2}}
task: {{metric: dummy_metric}}
ensemble: {{choose: dummy_rule, resamples: 100}}
report: {{formats: [html]}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    files = ", ".join(f"plugins/dummy_{kind}.py" for kind in KINDS)
    data, _ = generated(tmp_path_factory)
    folder = make_project(tmp_path_factory.mktemp("plugins"), data, PARAMS.format(plugins=files))
    (folder / "plugins").mkdir()
    for kind in KINDS:
        name = f"dummy_{kind}.py"
        (folder / "plugins" / name).write_bytes((ROOT / "tests/plugins" / name).read_bytes())
    call(folder, "pipelines.deps", "--write")
    run = [sys.executable, "-c", "from makers.dag import run_dag; run_dag()"]  # in one process, with the folder's code
    done = subprocess.run(run, cwd=folder, env=environment() | {"PYTHONPATH": str(ROOT / "tests")}, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    call(folder, "dvc", "commit", "-f")  # as `dvc repro` would have left it
    return folder


def test_each_of_them_did_its_part(project):
    final = json.loads((project / "submissions/final.json").read_text())
    assert final["chosen"] == "dummy_rule" and final["metric"] == "dummy_metric"
    members = {row["submission"] for row in csv.DictReader((project / "submissions/leaderboard.csv").open())}
    assert members == {"net", "net_hard", "colours", "colours_hard"}
    with safe_open(project / "folds/weights/net/0.safetensors", "numpy") as weights:
        assert "layer4.0.conv2.weight" in weights.keys() and weights.get_slice("fc.weight").get_shape()[1] == 64
    assert "A dummy &lt;section&gt;" in (project / "submissions/report/index.html").read_text()
    assert f"valid, {TEST} rows" in call(project, "pipelines.validate", "submissions/final.csv")


def test_what_is_off_leaves_nothing(project):
    """The specialist and the review: no training, no file, no row."""
    everything = [path.relative_to(project).as_posix() for path in project.rglob("*") if ".dvc" not in path.parts]
    made = [path for path in everything if path.startswith(("folds/", "submissions/", "data/"))]
    assert not [path for path in made if "specialist" in path or "label_review" in path]


def test_an_edited_plugin_runs_what_depends_on_it(project):
    plugin = project / "plugins/dummy_section.py"
    plugin.write_text(plugin.read_text() + "\n# edited\n")
    assert "report@html" in call(project, "dvc", "status")
