"""The report: every name appears as text, every number as in its file, and what isn't there is left out."""

import contextlib
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from makers.html import Page
from makers.report import CLASSES, QUOTED, write_optional_inputs, write_project
from sklearn.metrics import confusion_matrix as sklearn_matrix
from sklearn.metrics import f1_score

from competition.report import page as report_page
from competition.report.charts import as_script, chart, plain, short
from competition.report.page import RenderedSection, make_page
from competition.report.rendering import render
from competition.report.sections.confusion import confusion, shares, worst_pairs
from competition.report.sections.learning_curves import learning_curves
from competition.report.tables import Number, number, table
from pipelines import report


def made(folder: Path) -> str:
    with contextlib.chdir(folder):
        report.main()
    return (folder / "submissions/report/index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    write_project(folder)
    return folder


@pytest.fixture(scope="module")
def text(folder):
    return made(folder)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


@pytest.fixture
def fresh(tmp_path):
    """A project of a test's own, to be changed before the page is made."""
    write_project(tmp_path)
    return tmp_path


def test_names_are_text_everywhere(page, text):
    shown = "".join(page.texts)
    others = ("a note <b>in bold</b>", "the best of 3 <candidates>", "<script>alert(2)</script>")
    assert all(name in shown for name in (*CLASSES.values(), QUOTED, *others))
    assert "<script>alert" not in text and "i" not in page.tags and page.tags.count("b") == 1  # that of "Beware"
    assert not [name for name in page.attributes if name.startswith("on")]


def test_scripts_are_plotly_and_the_pages_own(page):
    own = list(Path(report_page.__file__).parent.glob("templates/*.js"))
    assert page.tags.count("script") - len(page.figures) - len(page.data) == 1 + len(own) and page.figures and own


def test_plotly_is_given_nothing_that_it_reads_as_markup(page):
    def strings(value):
        if isinstance(value, dict):
            return [text for key, part in value.items() if key != "hovertemplate" for text in strings(part)]
        if isinstance(value, list):
            return [text for part in value for text in strings(part)]
        return [value] if isinstance(value, str) else []

    found = [text for figure in page.figures for text in strings(figure)]
    assert any("&lt;script" in text for text in found) and not [text for text in found if "<" in text]


def test_the_page_is_whole_and_may_ask_for_nothing(text, page):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    assert unescape(policy).startswith("default-src 'none'; img-src data: blob:;") and "unsafe-eval" not in policy
    assert page.sources and all(source.startswith("data:image/") for source in page.sources) and len(text) < 15e6
    assert page.tags.count("h1") == page.tags.count("main") == page.tags.count("nav") == 1
    assert page.tags.count("caption") == page.tags.count("table") and "table" in page.tags


def test_the_leaderboards_numbers_are_the_files(folder, page):
    leaderboard = pd.read_csv(folder / "submissions/leaderboard.csv").to_dict("records")
    head, *rows = page.table_of("significant")
    assert len(rows) == len(leaderboard) == 3
    for row, expected in zip(rows, leaderboard, strict=True):
        shown = dict(zip(head, row, strict=False))
        assert shown["submission"] == expected["submission"] + (" (final)" if expected["submission"] == "lite0" else "")
        assert shown["test-like"] == f"{expected['test_like']:.3f}" and shown["clean"] == f"{expected['clean']:.3f}"
        assert row[2] == f"{expected['test_like_low']:.3f} to {expected['test_like_high']:.3f}"
        assert shown["significant"] == {"best": "best", "no": "≈ no", "yes": "yes"}[expected["significant"]]
        assert shown["folds"] == f"{expected['mean']:.3f} ± {expected['std']:.3f}"


def test_the_leaderboards_intervals_are_drawn(folder, page):
    leaderboard = pd.read_csv(folder / "submissions/leaderboard.csv")
    leaderboard = leaderboard[leaderboard["submission"] != "lite0_hard"]  # scores as lite0 does
    traces = page.figures[0]["data"]
    drawn = sorted(
        (round(x - low, 6), round(x + high, 6))
        for trace in traces
        for x, low, high in zip(trace["x"], trace["error_x"]["arrayminus"], trace["error_x"]["array"], strict=True)
    )
    assert drawn == sorted(zip(leaderboard["test_like_low"], leaderboard["test_like_high"], strict=True))
    legend = [trace["name"] for trace in traces]
    assert ("≈ not significantly worse" in legend) == ("no" in set(leaderboard["significant"]))


def test_the_final_score_stands_above_all(folder, text):
    score = json.loads((folder / "submissions/final.json").read_text())["score"]["test_like"]
    head = text[: text.index("<nav")]
    assert (
        f"{score['value']:.3f}" in head
        and f"{score['low']:.3f} to {score['high']:.3f}" in head
        and "95% interval" in head
    )
    assert "1 class has another share" in head


def test_confusion_matrices_are_scikit_learns(folder, page):
    oof = pd.read_csv(folder / "submissions/oof.csv", dtype=str)
    drawn = [figure["data"][0]["z"] for figure in page.figures if figure["data"][0]["type"] == "heatmap"]
    assert len(drawn) == 4
    for counts, of_class, condition in ((*drawn[:2], "test_like"), (*drawn[2:], "clean")):
        expected = sklearn_matrix(oof["target"], oof[f"lite0.{condition}"], labels=list(CLASSES))
        assert counts == expected.tolist()
        assert np.allclose(of_class, expected / expected.sum(axis=1, keepdims=True), atol=1e-4)


def test_f1_of_each_class_is_scikit_learns_worst_first(folder, page):
    oof, targets = pd.read_csv(folder / "submissions/oof.csv", dtype=str), list(CLASSES)
    scores = f1_score(oof["target"], oof["lite0.test_like"], labels=targets, average=None)
    expected = sorted(zip(scores, targets, strict=True), key=lambda pair: pair[0])
    head, *rows = next(rows for rows in page.tables if rows[0][:3] == ["class", "images", "lite0"])
    assert [row[1:3] for row in rows] == [["10", f"{value:.3f}"] for value, _ in expected]
    assert [row[0].startswith("★") for row in rows] == [target in ("7", "10") for _, target in expected]
    assert head == ["class", "images", "lite0", "features"]  # lite0_hard scores as lite0 does


def test_a_final_ensemble_is_shown_by_its_own_answers(tmp_path):
    write_project(tmp_path, chosen="soft")
    page, targets = Page(made(tmp_path)), list(CLASSES)
    oof = pd.read_csv(tmp_path / "submissions/ensembles_oof.csv", dtype=str)
    drawn = [figure["data"][0]["z"] for figure in page.figures if figure["data"][0]["type"] == "heatmap"]
    for counts, condition in zip(drawn[::2], ("test_like", "clean"), strict=True):
        assert counts == sklearn_matrix(oof["target"], oof[f"soft.{condition}"], labels=targets).tolist()
    scores = sorted(f1_score(oof["target"], oof["soft.test_like"], labels=targets, average=None))
    head, *rows = next(rows for rows in page.tables if rows[0][:3] == ["class", "images", "soft"])
    assert [row[2] for row in rows] == [f"{value:.3f}" for value in scores] and head[3:] == ["lite0", "features"]
    assert "stand in no file" not in "".join(page.texts)


def test_a_final_ensemble_without_its_answers_gives_way_to_the_best_submission(tmp_path):
    write_project(tmp_path, chosen="soft")
    (tmp_path / "submissions/ensembles_oof.csv").unlink()
    page = Page(made(tmp_path))
    assert "the answers of the final one, soft, stand in no file" in "".join(page.texts)
    assert any(rows[0][:3] == ["class", "images", "lite0"] for rows in page.tables)


def test_learning_curves_are_the_histories(page):
    curves = next(
        figure for figure in page.figures if any(trace["name"] == "fold 1, clean" for trace in figure["data"])
    )
    by_name = {trace["name"]: trace["y"] for trace in curves["data"]}
    assert by_name["fold 0, test-like"] == [0.4, 0.81, 0.79] and by_name["fold 1, loss"] == [2.0, 1.0, 0.5]
    # not the one with the highest test-like score: `stop_by` may say otherwise
    head, *rows = page.table_of("kept epoch")
    assert [row[:5] for row in rows] == [
        ["lite0", "0", "3", "2", "0.790"],
        ["lite0", "1", "3", "2", "0.790"],
        ["features", "0", "1", "0", "0.400"],
        ["features", "1", "1", "0", "0.400"],
    ]


def test_where_no_epoch_was_scored_the_curves_are_the_losses():
    history = pd.DataFrame(
        {"epoch": [0, 1], "loss": [2.0, 1.0], "clean": np.nan, "test_like": np.nan, "seconds": 3.0, "kept": [0, 1]}
    )
    page = Page(str(learning_curves({"lite0": {0: history, 1: history}}, "macro F1")))
    [figure] = page.figures
    assert [(trace["name"], trace["y"], trace["showlegend"]) for trace in figure["data"]] == [
        (f"fold {fold}, loss", [2.0, 1.0], True) for fold in (0, 1)
    ]
    assert "yaxis" not in figure["layout"] and figure["layout"]["yaxis2"]["domain"] == [0, 1]
    assert [row[:5] for row in page.table_of("kept epoch")[1:]] == [
        ["lite0", str(fold), "2", "1", ""] for fold in (0, 1)
    ]
    assert "nan" not in "".join(page.texts)


def test_without_optional_inputs_the_page_says_so(text):
    shown = "".join(Page(text).texts)
    assert "None is recorded." in shown and "Train and test were not compared" in shown and "wasn't measured" in shown
    assert "holdout" not in shown


def test_without_a_specialist_no_class_is_marked(tmp_path):
    write_project(tmp_path, hard=())
    page = Page(made(tmp_path))
    assert "There is no specialist" in "".join(page.texts) and "★" not in "".join(page.texts)


def test_optional_inputs_are_shown(fresh):
    write_optional_inputs(fresh)
    page = Page(made(fresh))
    shown = "".join(page.texts)
    assert all(
        text in shown
        for text in (
            "0.707",
            "0.818",
            "0.931",
            "<u>read</u>",
            "no score: colleague",
            "asked 1 time on 1 day",
            "estimates of one network's accuracy there run from 0.610 to 0.800, and 0.703 is expected",
        )
    )
    assert page.table_of("test-like's AUC")[1][5] == "0.558" and page.table_of("out of fold")[1][2] == "0.8125"


def test_a_file_that_is_missing_is_named(fresh):
    (fresh / "submissions/final.json").unlink()
    with pytest.raises(FileNotFoundError, match="submissions/final.json: not found; `dvc repro` makes it"):
        made(fresh)


def test_the_same_files_give_the_same_page(folder, text):
    assert made(folder) == text


def test_many_classes_are_pairs_instead_of_a_matrix():
    names = {str(n): f"class_{n}" for n in range(120)}
    y_true = np.array(list(names) * 3)
    answers = y_true.copy()
    answers[:2] = "5"
    oof = pd.DataFrame({"target": y_true, "net.clean": y_true, "net.test_like": answers})
    page = Page(str(confusion(oof, "net", names, [], "soft")))
    pairs = [row[:3] for row in page.tables[0][1:]]
    assert "the answers of the final one, soft, stand in no file" in "".join(page.texts)
    assert not page.figures and pairs == [["0 class_0", "5 class_5", "1"], ["1 class_1", "5 class_5", "1"]]


def test_worst_pairs_and_shares_by_hand():
    matrix = np.array([[5, 1, 0], [3, 2, 0], [0, 1, 0]])
    assert worst_pairs(matrix) == [(1, 0), (0, 1), (2, 1)] and worst_pairs(matrix, 1) == [(1, 0)]
    assert worst_pairs(np.eye(2, dtype=int)) == []
    assert shares(np.array([[3, 1], [0, 0]])).tolist() == [[0.75, 0.25], [0, 0]]


def test_json_in_a_script_ends_no_script():
    value = {"name": "</script><!-- <script> & \u2028"}
    text = as_script(json.dumps(value, ensure_ascii=False))
    assert not set("<>&") & set(text) and json.loads(text) == value


def test_plain_and_short():
    assert plain("<b>&amp;</b>") == "&lt;b&gt;&amp;amp;&lt;/b&gt;"
    assert short("<" * 40) == "&lt;" * 25 + "…"  # cut first: no half entity


def test_a_table_marks_its_rows_and_sorts_by_value():
    rows = [["a<b", number(0.5)], ["c", number(None)], ["d", Number(2, "two")]]
    text = str(table('quo"ted', ("name", "score"), rows, sortable=True))
    page = Page(text)
    assert page.tables == [[["name", "score"], ["a<b", "0.500"], ["c", ""], ["d", "two"]]]
    assert re.findall(r'data-value="([^"]*)"', text) == ["0.5", "2"] and 'aria-label="Table: quo&#34;ted"' in text
    assert text.count('scope="row"') == 3 and text.count('aria-sort="none"') == 2


def test_a_table_without_rows_is_a_sentence():
    assert table("2 < 3 pairs", ("a", "b"), []).strip() == "<p>2 &lt; 3 pairs (none)</p>"


def test_a_chart_says_what_is_to_be_seen():
    text = str(chart([{"type": "scatter", "y": [1, 2]}], {}, 'rises "steeply" <fast>', 200))
    page = Page(text)
    assert (
        page.figures[0]["data"][0]["y"] == [1, 2]
        and 'role="img" aria-label="rises &#34;steeply&#34; &lt;fast&gt;"' in text
    )


def test_two_sections_with_one_anchor_are_refused():
    section = RenderedSection("a", "A", table("t", ("x",), [["1"]]))
    with pytest.raises(ValueError, match="different anchors"):
        make_page("t", render("lineage", table="", params=""), [section, section])
