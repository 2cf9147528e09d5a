"""The check of a GPU, on the CPU at tiny size: its parts run and find what they should; what fails is said, alone."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch
from gpu import check as gpu_check
from gpu.scale import SCALES, Check, make_project, params
from makers.pipeline import ROOT

from competition.settings.load import load_settings

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU: tests/gpu/check.sh checks more")
FIGURES = {
    "machine": {"gpu", "torch"},
    "training": {"lite0 bfloat16", "vit bfloat16", "float16"},
    "agreement": {f"{n} {v} {p}" for n in ("lite0", "vit") for v in ("one view", "all views") for p in ("float32",)},
    "memory": {"halved", "too_small", "predicted"},
    "resuming": {"bfloat16"},
    "speed": {"lite0 32", "lite0 48", "vit 32", "vit 48"},
}


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("gpu") / "project", SCALES["tiny"])


@pytest.mark.parametrize("part", FIGURES)
def test_a_part_finds_its_figures(check, part):
    found = gpu_check.run_part(part, check)
    assert found["ok"], found
    assert found.keys() >= FIGURES[part]
    assert part != "resuming" or found["bfloat16"]["same_bytes"]
    json.dumps(found)


def test_commands_and_export(check):
    pytest.importorskip("onnxruntime")
    commands = gpu_check.run_part("commands", check)
    assert commands["ok"] and commands["images"] == SCALES["tiny"].images[1], commands
    assert gpu_check.run_part("export", check)["largest_logit_difference"] < 1e-4


def test_what_needs_a_gpu_says_that_it_is_left_out(check):
    found = gpu_check.run_part("layers", check)
    assert "no GPU" in found["skipped"] and "ok" not in found


def test_wrong_predictions_are_found(check, monkeypatch):
    agreement = import_module("gpu.parts.agreement")
    monkeypatch.setattr(agreement, "TOLERANCES", dict.fromkeys(agreement.TOLERANCES, 0.0))
    found = gpu_check.run_part("agreement", check)
    assert not found["ok"] and "above 0.0" in found["error"]


def test_memory_that_never_runs_out_is_an_error(check, monkeypatch):
    memory = import_module("gpu.parts.memory")
    monkeypatch.setattr(memory, "_trained", lambda *_: "; ended")
    assert "no smaller batch" in gpu_check.run_part("memory", check)["error"]


def test_a_part_that_hangs_or_dies_costs_itself_only():
    slow = gpu_check.run_apart([sys.executable, "-c", "import time; time.sleep(60)"], 1)
    dead = gpu_check.run_apart([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], 20)
    fine = gpu_check.run_apart([sys.executable, "-c", "print('a line'); print('{\"ok\": true}')"], 20)
    assert "longer than 1 s" in slow["error"] and "exit code -9" in dead["error"] and fine == {"ok": True}


def test_the_answer_names_what_failed(monkeypatch, tmp_path):
    answers = iter([{"ok": True}, {"ok": False, "error": "x"}, {"skipped": "y"}])
    monkeypatch.setattr(gpu_check, "run_apart", lambda command, seconds: next(answers))
    found = gpu_check.run_all(tmp_path, "tiny", 100, ("project", "training", "layers"))
    assert not found["ok"] and found["parts"]["training"]["error"] == "x" and found["parts"]["project"]["ok"]
    assert "not begun" in gpu_check.run_all(tmp_path, "tiny", 1, ("speed",))["parts"]["speed"]["error"]


def test_without_a_gpu_nothing_is_claimed():
    command = ["bash", str(ROOT / "tests/gpu/check.sh")]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PATH": Path(sys.executable).parent.as_posix() + ":/usr/bin:/bin"}
    )
    last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1 and not last["ok"] and "no GPU" in last["error"]


def test_the_sizes_are_those_of_real_networks(tmp_path):
    import yaml

    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params(SCALES["small"])))
    settings = load_settings(tmp_path / "params.yaml")
    assert settings.members["lite0"].network == "tf_efficientnet_lite0" and SCALES["small"].speed_sizes == (224, 384)
    whole = Check(tmp_path, SCALES["small"])
    assert whole.member("vit").network == "vit_base_patch16_224" and whole.member("vit").weights == "none"
    assert whole.member("lite0").weights == "shipped"
