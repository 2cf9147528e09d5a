"""The project on a GPU: python -m gpu.check, as check.sh calls it; the last line is one JSON object.

Each part is a process of its own, with a limit: what fails or hangs in one is a field of the answer, and the others
run. docs/gpu.md says what the fields mean.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter

from gpu.scale import SCALES, Check, Skipped, make_project

# seconds at the most; in this order, until the time is over
PARTS = {
    "project": 120,
    "machine": 40,
    "layers": 60,
    "training": 150,
    "agreement": 120,
    "memory": 90,
    "resuming": 120,
    "speed": 180,
    "commands": 150,
    "export": 90,
}
ROOT = Path(__file__).resolve().parents[2]


def run_part(name: str, check: Check) -> dict:
    """Return what a part finds: its facts and `ok`, or `skipped` and why, or `ok` false and the error."""
    began = perf_counter()
    try:
        found = {"ok": True} | (_project(check) if name == "project" else import_module(f"gpu.parts.{name}").run(check))
    except Skipped as why:
        found = {"skipped": str(why)}
    except Exception as error:  # whatever it is: the answer says so, and the other parts run
        traceback.print_exc()
        found = {"ok": False, "error": f"{type(error).__name__}: {error}"[:1000]}
    return found | {"seconds": round(perf_counter() - began, 1)}


def _project(check: Check) -> dict:
    make_project(check.folder, check.scale)
    return {"images": list(check.scale.images)}


def run_apart(command: Sequence[str], seconds: float) -> dict:
    """Return the JSON object that `command` prints last, or `ok` false and why there is none."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT)
    try:
        output, _ = process.communicate(timeout=max(1.0, seconds))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return {"ok": False, "error": f"took longer than {seconds:.0f} s"}
    lines = output.strip().splitlines()
    print(*lines[:-1], sep="\n", file=sys.stderr)
    try:
        return dict(json.loads(lines[-1]))
    except (IndexError, TypeError, ValueError):
        return {"ok": False, "error": f"ended with exit code {process.returncode} and no answer: {output[-500:]}"}


def run_all(folder: Path, scale: str, limit: float, parts: Sequence[str] = tuple(PARTS)) -> dict:
    """Return what all parts found, within `limit` seconds."""
    began, found = perf_counter(), {}
    for name in parts:
        left = limit - (perf_counter() - began)
        if left < 5:
            found[name] = {"ok": False, "error": f"not begun: the {limit:.0f} s are over"}
            continue
        command = (sys.executable, "-u", "-m", "gpu.check", "--part", name, "--folder", str(folder), "--scale", scale)
        found[name] = run_apart(command, min(PARTS[name], left))
        print(name, json.dumps(found[name]), file=sys.stderr, flush=True)
    good = all(one.get("ok", "skipped" in one) for one in found.values())
    return {"ok": good, "scale": scale, "seconds": round(perf_counter() - began, 1), "parts": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", choices=SCALES, default="small")
    parser.add_argument("--limit", type=float, default=570, help="seconds, of all parts together")
    parser.add_argument("--folder", type=Path, help="to work in (default: a temporary one)")
    parser.add_argument("--part", choices=PARTS, help="this one alone, here")
    parser.add_argument("--cpu", action="store_true", help="run all the same where torch sees no GPU")
    given = parser.parse_args()
    folder = (given.folder or Path(mkdtemp())).resolve()
    try:
        if given.part:
            from competition.compute.device import set_up_process

            set_up_process()
            found = run_part(given.part, Check(folder, SCALES[given.scale]))
        else:
            found = run_all(folder, given.scale, given.limit) if given.cpu or _has_gpu() else _none()
        print(json.dumps(found), flush=True)
    finally:
        if not given.folder:
            shutil.rmtree(folder)
    sys.exit(not found.get("ok", True))


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _none() -> dict:
    return {"ok": False, "error": "torch sees no GPU: nothing was checked; --cpu runs the parts all the same"}


if __name__ == "__main__":
    main()
