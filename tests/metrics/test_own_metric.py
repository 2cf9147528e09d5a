"""The metric of docs/own_metric.md works as it stands there."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from competition.common.registry import load_plugin
from competition.leaderboard.public_scores import score_text
from competition.metrics.metric import Metric
from competition.metrics.scores import METRICS

PAGE = (Path(__file__).parents[2] / "docs/own_metric.md").read_text(encoding="utf-8")


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "mean_grade_error.py"
    path.write_text(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], encoding="utf-8")
    load_plugin(path)
    yield METRICS["mean_grade_error"]()
    del sys.modules["plugin.mean_grade_error"], METRICS._things["mean_grade_error"]


def test_it_scores_and_has_a_bootstrap(own):
    assert own([0, 1, 4, 2], [0, 2, 0, 2], 5) == (0 + 1 + 3 + 0) / 4  # 4 grades off cost 3
    assert own([0, 1], [0, 2], 5, np.array([1, 3])) == 3 / 4 and own.title == "Mean grade error"
    scores = own.bootstrap([0, 1, 4, 2], [[0, 2, 0, 2]], 5, 20, np.random.default_rng(0))
    again, costs = np.random.default_rng(0), np.array([0, 1, 3, 0])
    assert scores[:, 0].tolist() == pytest.approx([costs[again.integers(4, size=4)].mean() for _ in range(20)])


def test_the_site_may_give_any_score_of_it(own):
    assert score_text(own([0, 0], [4, 4], 5), "public", own.bounds) == "3.0"


def test_the_page_names_every_member_of_a_metric(own):
    named = set(re.findall(r"^\| `(\w+)", PAGE, re.MULTILINE))
    own_parts = {"label", "per_class_note", "name", "title", "source", "sign", "better", "bootstrap", "with_interval"}
    assert named >= {part for part in vars(Metric) if not part.startswith("_")} - own_parts
    for module, name in re.findall(r"`(competition\.metrics\.\w+)\.(\w+)`", PAGE):
        assert issubclass(getattr(__import__(module, fromlist=[name]), name), Metric)
