"""The page's server where an image may have several labels."""

import os
from pathlib import Path

import pytest
from makers.project import make_once
from makers.serving import ask, serving

from competition.labels.corrections import read_corrections
from competition.web.limits import Limits


@pytest.fixture
def server(tmp_path, tmp_path_factory, monkeypatch):
    project = make_once(tmp_path_factory, "label_list")
    monkeypatch.chdir(project)
    with serving(tmp_path, Limits()) as server:
        yield server


def test_several_labels_are_answered_and_kept(server, tmp_path):
    image = Path("data/raw/test/t1.png").read_bytes()
    status, answer, _ = ask(server, "/api/predict", image)
    labels = [label for label in answer["target"].split("|") if label]
    assert status == 200 and len(answer["probability"]) == len(labels) and set(labels) <= {"7", "10", "x"}
    assert ask(server, "/api/classes")[1]["several"]
    before = None
    for targets, cell in ((["x", "7"], "7|x"), ([], ""), (["10"], "10")):
        status, kept, _ = ask(server, "/api/corrections", image, [("target", target) for target in targets])
        assert status == 200 and kept["target"] == cell == read_corrections(tmp_path)[kept["id"]]
        assert kept["replaced"] == before
        before = cell
    assert ask(server, "/api/corrections", image, [("target", "7|x")])[0] == 422
    assert set(os.listdir(tmp_path)) == {kept["id"], "corrections.csv", ".lock"}
