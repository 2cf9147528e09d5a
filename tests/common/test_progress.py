"""Progress: a bar on a terminal, seldom a line in a log."""

import io
import sys

import pytest

from competition.common import progress as module
from competition.common.progress import progress


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_every_ten_seconds_and_one_at_the_end(clock, capsys):
    with progress(100, "augment", "view", done=20) as bar:
        for _ in range(40):  # 2 views a second
            clock[0] += 1
            bar.update(2)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "augment: 40/100 views, 2.0 views/s, 0:00:30 left",
        "augment: 60/100 views, 2.0 views/s, 0:00:20 left",
        "augment: 80/100 views, 2.0 views/s, 0:00:10 left",
        "augment: 100/100 views, 2.0 views/s, 0:00:00 left",
    ]


def test_what_came_before_the_first_image_says_nothing_of_the_time_left(clock, capsys):
    with progress(1000, "score") as bar:
        clock[0] += 78  # a network is exported
        bar.update(1)
        for _ in range(20):
            clock[0] += 1
            bar.update(10)
    assert capsys.readouterr().err.splitlines() == [
        "score: 1/1000 images",
        "score: 101/1000 images, 10.0 images/s, 0:01:30 left",
        "score: 201/1000 images, 10.0 images/s, 0:01:20 left",
    ]


def test_short_work_says_nothing_and_long_work_ends_with_a_line(clock, capsys):
    for seconds, expected in ((3, 0), (7, 2)):
        with progress(2, "short") as bar:
            for _ in range(2):
                clock[0] += seconds * 2 if expected else seconds
                bar.update(1)
        assert len(capsys.readouterr().err.splitlines()) == expected


@pytest.mark.parametrize(("total", "done"), [(0, 0), (5, 5)])
def test_nothing_to_do(total, done, capsys):
    with progress(total, "nothing", done=done) as bar:
        bar.update(0)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_with_speed_and_time_left(monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    with progress(40, "augment", "view", done=10) as bar:
        bar.update(30)
    assert "\raugment" in screen.getvalue() and "40/40" in screen.getvalue() and "view/s" in screen.getvalue()
