"""Uploads are gone when the server has ended, and what a killed one left when the next one starts."""

import os
import re
import signal
import subprocess
import sys
import threading
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest
from makers.pdfs import picture_pdf
from makers.project import project  # noqa: F401
from PIL import Image

from competition.common.imports import ROOT
from competition.web.upload_folders import remove_left_uploads, upload_folder

HOLD = """
import sys, time
from pathlib import Path
from competition.web.upload_folders import upload_folder
with upload_folder(Path(sys.argv[1])) as place:
    (place / "letter.pdf").write_bytes(b"secret")
    print(place.name, flush=True)
    time.sleep(60)
"""


def python(*words: str, folder: Path) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *words]
    taken = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore it
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, preexec_fn=taken)


def uploads(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(".upload-*"))


def test_what_a_killed_server_left_is_removed_and_not_what_another_reads(tmp_path):
    dead, alive = (python("-c", HOLD, str(tmp_path), folder=tmp_path) for _ in range(2))
    try:
        left, read = (server.stdout.readline().strip() for server in (dead, alive))
        dead.kill()
        dead.wait()
        (tmp_path / ".upload-older").mkdir()  # without a lock, as earlier versions left it
        (tmp_path / "corrections.csv").touch()
        with upload_folder(tmp_path) as own:
            assert uploads(tmp_path) == sorted([left, read, own.name, ".upload-older"])
            assert remove_left_uploads(tmp_path) == 2
            assert uploads(tmp_path) == sorted([read, own.name])
        assert uploads(tmp_path) == [read] and (tmp_path / read / "letter.pdf").is_file()
        assert (tmp_path / "corrections.csv").is_file() and remove_left_uploads(tmp_path) == 0
    finally:
        alive.kill()
        alive.wait()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_stopped_leaves_no_upload(project, end):  # noqa: F811
    folder = project / "data/corrections"
    (folder / ".upload-older").mkdir(parents=True, exist_ok=True)
    server = python("-m", "pipelines.serve", "--port", "0", "--member", "lite0", folder=project)
    said = iter(server.stdout.readline, "")
    port = int(next(found[1] for line in said if (found := re.search(r"url=http://127.0.0.1:(\d+)/", line))))
    assert uploads(folder) == []
    noise = np.random.default_rng(0).integers(0, 256, (900, 700, 3), np.uint8)
    asked = threading.Thread(target=post, args=(port, picture_pdf(*[Image.fromarray(noise)] * 4)))
    asked.start()
    wait_for(lambda: uploads(folder))
    server.send_signal(end)
    assert server.wait(60) == (0 if end is signal.SIGTERM else 130)
    asked.join()
    assert uploads(folder) == []


def post(port: int, data: bytes) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/api/predict", data)
        connection.getresponse()
    except OSError:  # the server has ended
        pass


def wait_for(done) -> None:
    end = monotonic() + 60
    while not done():
        assert monotonic() < end
        sleep(0.01)
