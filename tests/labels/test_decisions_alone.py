"""Labels that are decided while the stages run: what DVC would note down without having seen it is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from makers.project import PARAMS, write_competition

from competition.common.imports import ROOT
from competition.common.locks import HELD, Busy, Use, hold, refuse_while_dvc_reads
from competition.common.paths import LABEL_FIXES, RAW

pytest.importorskip("fcntl", reason="no flock on this system")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(HELD, raising=False)


@pytest.mark.parametrize("command", ["add_corrections", "fix_label 04 7"])
def test_they_wait_for_who_packs_the_images(command):
    write_competition(Path("data/raw"))
    Path("params.yaml").write_text(PARAMS)
    with hold(Use.PACK, "pipelines.prepare"):
        done = subprocess.run(
            [sys.executable, "-m", *f"pipelines.{command}".split()],
            env={key: value for key, value in os.environ.items() if key != HELD} | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1 and "`pipelines.prepare` (process" in done.stderr and "at work" in done.stderr
    assert not LABEL_FIXES.exists()


def reads(path: Path, process: int) -> None:
    """Write what DVC writes while a stage runs that depends on `path`."""
    Path(".dvc/tmp").mkdir(parents=True, exist_ok=True)
    content = {"read": {str(path.resolve()): [{"pid": process, "cmd": "dvc repro"}]}, "write": {}}
    Path(".dvc/tmp/rwlock").write_text(json.dumps(content))


@pytest.mark.parametrize("read", ["folds/label_fixes.csv", "data/raw", "data/raw/train.csv"])
def test_a_stage_of_dvc_that_reads_them_is_waited_for(read):
    reads(Path(read), os.getpid())
    with pytest.raises(Busy, match=rf"`dvc repro` \(process {os.getpid()}\) is at a stage that reads .*{read}"):
        refuse_while_dvc_reads(RAW, LABEL_FIXES)


@pytest.mark.parametrize("read", ["folds/folds.csv", "data/raw.zip", "data/augmented.arrow"])
def test_other_stages_are_not(read):
    refuse_while_dvc_reads(RAW, LABEL_FIXES)  # no DVC here
    reads(Path(read), os.getpid())
    refuse_while_dvc_reads(RAW, LABEL_FIXES)


def test_a_killed_dvc_is_not():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    reads(LABEL_FIXES, ended.pid)
    refuse_while_dvc_reads(LABEL_FIXES)
    Path(".dvc/tmp/rwlock").write_text("{half")
    refuse_while_dvc_reads(LABEL_FIXES)
