"""Report sections as a registry: their order, what they read, and one from a plugin."""

import contextlib
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from makers.report import write_project

from competition.common.imports import ROOT
from competition.common.registry import load_plugin
from competition.report.context import ReportContext
from competition.report.page import render_sections
from competition.report.sections import SECTIONS
from competition.settings.load import load_settings

PLUGIN = Path(__file__).parents[1] / "plugins/dummy_section.py"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    write_project(folder)
    return folder


@pytest.fixture
def plugin():
    load_plugin(PLUGIN)
    yield
    del sys.modules["plugin.dummy_section"]
    SECTIONS._things.pop("dummy_section")


def test_sections_stand_in_their_order():
    order = [section.order for _, section in SECTIONS.items()]
    assert len(set(order)) == len(order) == 16
    first, *_, last = sorted(SECTIONS.items(), key=lambda item: item[1].order)
    assert (first[0], last[0]) == ("result", "lineage")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "image_map" else ()) for name in SECTIONS.names()]
)
def test_a_section_reads_only_what_it_says(name, project, tmp_path, monkeypatch):
    section = SECTIONS[name]()
    for path in section.reads:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        if (project / path).is_dir():
            shutil.copytree(project / path, tmp_path / path)
        elif (project / path).is_file():
            shutil.copy(project / path, tmp_path / path)
    monkeypatch.chdir(tmp_path)
    context = ReportContext(load_settings(project / "params.yaml"))
    assert section.absent(context) == "" and section.body(context)


def test_what_sections_read_are_dependencies_of_the_stage():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    dependencies = [Path(path) for path in stages["report"]["deps"] if isinstance(path, str)]
    for name, section in SECTIONS.items():
        for path in map(Path, section.reads):
            assert any(path.is_relative_to(one) for one in dependencies), f"{name}: {path}"


@pytest.mark.slow
def test_a_plugins_section_stands_in_its_place(plugin, project):
    with contextlib.chdir(project):
        sections = render_sections(ReportContext(load_settings()))
    assert [(one.anchor, one.title) for one in sections][:3] == [
        ("result", "Result"),
        ("dummy-section", "A dummy <section>"),
        ("leaderboard", "Leaderboard"),
    ]
    assert sections[1].body == "<p>3 classes</p>"


def test_a_review_that_is_off_is_said_in_its_section(tmp_path):
    write_project(tmp_path)
    params = tmp_path / "params.yaml"
    params.write_text(params.read_text() + "review: {conditions: []}\n")
    assert (tmp_path / "folds/review/label_review.csv").is_file()  # as an earlier run left it
    with contextlib.chdir(tmp_path):
        sections = {one.anchor: one.body for one in render_sections(ReportContext(load_settings()))}
    assert sections["label-review"] == ("<p>The label review is off: review.conditions in params.yaml is empty.</p>\n")
