"""submit, with an executable in the place of Kaggle's tool that writes down what it was called with."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import submit
from pipelines._main import run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("submit: {slug: my-pages-2026}\n")
    Path("data/raw").mkdir(parents=True)
    Path("submissions").mkdir()
    Path("data/raw/train.csv").write_text("ID,target\n1,0\n2,1\n")
    Path("data/raw/sample_submission.csv").write_text("ID,target\n01,0\n02,0\n")
    Path("submissions/final.csv").write_text("ID,target\n01,0\n02,1\n")
    return tmp_path


@pytest.fixture
def tool(project, monkeypatch):
    """Put a `kaggle` on the PATH that writes its arguments to called.json and ends with the code in the file `code`."""
    (project / "bin").mkdir()
    script = project / "bin/kaggle"
    script.write_text(
        f"#!{sys.executable}\nimport json, pathlib, "
        "sys\npathlib.Path('called.json').write_text(json.dumps(sys.argv[1:]))\n"
        "print('Successfully submitted', flush=True)\nsys.exit(int(pathlib.Path('code').read_text()))\n"
    )
    script.chmod(0o755)
    Path("code").write_text("0")
    monkeypatch.setenv("PATH", f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def call(monkeypatch, capfd):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["submit", *arguments])
        with pytest.raises(SystemExit) as caught:
            run(submit.main)
        out, err = capfd.readouterr()
        if isinstance(caught.value.code, str):
            return 1, out, err + caught.value.code
        return caught.value.code or 0, out, err

    return call


def called():
    return json.loads(Path("called.json").read_text())


def test_it_is_checked_shown_and_handed_over(tool, call):
    code, out, _ = call()
    assert code == 0 and called() == [
        "competitions",
        "submit",
        "my-pages-2026",
        "--file=submissions/final.csv",
        "--message=final",
    ]
    assert [line for line in out.splitlines()] == [
        "submissions/final.csv: valid, 2 rows",
        "kaggle competitions submit my-pages-2026 --file=submissions/final.csv --message=final",
        "Successfully submitted",
        "",
        "if kaggle says that it was submitted, then once the site shows its score: python -m pipelines.record final "
        "SCORE",
    ]


def test_another_file_and_a_message(tool, call):
    Path("my own.csv").write_text("ID,target\n01,1\n02,1\n")
    code, out, _ = call("--file", "my own.csv", "--message", '-it\'s "mine"')
    assert code == 0 and called()[3:] == ["--file=my own.csv", '--message=-it\'s "mine"']
    assert "record" not in out  # which knows only what stands under submissions/
    shown = next(line for line in out.splitlines() if line.startswith("kaggle"))
    typed = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {shown}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert typed[1:] == called()  # what is shown can be typed


def test_a_dry_run_calls_nothing(tool, call):
    code, out, _ = call("--dry-run")
    assert code == 0 and "kaggle competitions submit my-pages-2026" in out and "nothing was submitted" in out
    assert not Path("called.json").exists()


def test_an_invalid_file_is_not_handed_over(tool, call):
    Path("submissions/final.csv").write_text("ID,target\n02,0\n03,7\n")
    for arguments in ((), ("--dry-run",)):
        code, out, err = call(*arguments)
        assert code == 1 and "missing: 01" in err and "no class: 7" in err and "kaggle" not in out
    assert not Path("called.json").exists()
    assert "no such file" in call("--file", "nowhere.csv")[2]


def test_no_more_scores_are_asked_than_the_rules_allow(tool, call):
    Path("params.yaml").write_text("submit: {slug: my-pages-2026}\nrules: {public_submissions: 2}\n")
    ledger = "submission,sha256,public,private,recorded\n"
    for asked in (0, 1):
        Path("submissions/public.csv").write_text(ledger + "final,,0.5,,2026-11-20\n" * asked)
        code, out, _ = call()
        assert code == 0 and f"public scores: {asked} of 2 are recorded in submissions/public.csv" in out
    Path("called.json").unlink()
    Path("submissions/public.csv").write_text(ledger + "final,,0.5,,2026-11-20\n" * 2)
    for arguments in ((), ("--dry-run",)):
        code, out, err = call(*arguments)
        assert code == 1 and "kaggle" not in out and not Path("called.json").exists()
        assert "rules.public_submissions: 2 in params.yaml, and submissions/public.csv holds 2 scores; " in err
        assert "nothing was submitted" in err
    Path("params.yaml").write_text("submit: {slug: my-pages-2026}\n")
    assert call()[0] == 0 and called()


def test_the_tools_failure_is_ours(tool, call):
    Path("code").write_text("3")
    code, out, err = call()
    assert code == 1 and "kaggle ended with exit code 3" in err and "record" not in out


def test_without_the_slug_or_the_tool(project, call, monkeypatch):
    monkeypatch.setenv("PATH", str(project))
    code, _, err = call()
    assert code == 1 and "kaggle: no such command" in err and "pip install kaggle" in err
    assert call("--dry-run")[0] == 0
    Path("params.yaml").write_text("competition: {root: data/raw}\n")
    code, _, err = call("--dry-run")
    assert code == 1 and "submit.slug is not set" in err
    Path("params.yaml").write_text("submit: {slug: 'https://www.kaggle.com/competitions/pages'}\n")
    assert "submit.slug" in call()[2]
