"""Public scores against out of fold: the formulas against simulations and by hand, and what a person is told."""

import io
import json
from dataclasses import replace
from math import inf

import numpy as np
import pytest
from rich.console import Console
from scipy.integrate import quad
from scipy.stats import norm

from competition.leaderboard.public_comparison import (
    Sizes,
    compare_public,
    expected_maximum,
    expected_range,
    public_error,
    range_of_expected,
)
from competition.leaderboard.public_scores import PublicScore
from competition.leaderboard.public_table import print_public

SIZES = Sizes(out_of_fold=300, public=100)  # so the interval is widened by sqrt(1 + 3) = 2


def ask(name, public, day=1, sha256=None, interval=("0.9", "0.88", "0.91")):
    return PublicScore(
        name, f"sha of {name}" if sha256 is None else sha256, str(public), "", f"2026-11-{day:02d}", *interval
    )


def compare(*asks, sizes=SIZES, worse=(), present=None):
    return compare_public(asks, sizes, worse, 0.95, {} if present is None else present)


def test_expected_maximum_is_the_integrals():
    assert expected_maximum(0) == expected_maximum(1) == 0
    for count in (2, 3, 4, 7, 20, 100, 1000):
        # the highest's density
        expected = quad(lambda x, n=count: x * n * norm.pdf(x) * norm.cdf(x) ** (n - 1), -10, 10)[0]
        assert expected_maximum(count) == pytest.approx(expected, abs=0.03)
    assert expected_maximum(3) < 1 < expected_maximum(4)


def test_a_public_score_falls_into_the_expected_range_as_often_as_it_should():
    random, truth, sizes = np.random.default_rng(0), 0.8, Sizes(1570, 785)
    inside = []
    for _ in range(4000):  # the shares of right answers among n and m images
        value, public = (
            random.binomial(sizes.out_of_fold, truth) / sizes.out_of_fold,
            random.binomial(sizes.public, truth) / sizes.public,
        )
        half = 1.96 * np.sqrt(value * (1 - value) / sizes.out_of_fold)
        low, high = expected_range(value, value - half, value + half, sizes)
        inside.append(low <= public <= high)
        assert public_error(2 * half, sizes, 0.95) == pytest.approx(
            np.sqrt(value * (1 - value) / sizes.public), rel=1e-4
        )
    assert np.mean(inside) == pytest.approx(0.95, abs=0.015)


def test_a_public_score_falls_into_the_range_of_what_is_expected_of_the_whole_test_set():
    random, truth, images, sizes = np.random.default_rng(0), 0.8, 400, Sizes(1570, 785)
    inside = {"public": [], "all": []}
    for _ in range(4000):  # a public and a private half, held against what 400 images said
        value = random.binomial(images, truth) / images
        public, private = random.binomial(785, truth, 2) / 785
        half = 1.96 * np.sqrt(0.16 / images + 0.16 / 1570)
        low, high = range_of_expected(value, value - half, value + half, images, sizes)
        inside["public"].append(low <= public <= high)
        inside["all"].append(abs(value - (public + private) / 2) <= half)
    assert (
        np.mean(inside["public"]) == pytest.approx(0.95, abs=0.015) == pytest.approx(np.mean(inside["all"]), abs=0.03)
    )


def test_the_range_is_of_what_was_expected_where_that_was_recorded():
    said = ask("final", 0.9)
    promised = replace(said, expected="0.8", expected_low="0.78", expected_high="0.83", expected_images="50")
    (row,) = compare(promised).rows
    assert (row["low"], row["high"]) == pytest.approx(range_of_expected(0.8, 0.78, 0.83, 50, SIZES))
    (row,) = compare(replace(promised, expected_images="")).rows  # of an earlier ledger
    assert (row["low"], row["high"]) == pytest.approx(range_of_expected(0.8, 0.78, 0.83, 300, SIZES))


def test_the_luck_of_the_highest_is_that_of_a_simulation():
    random, files, images = np.random.default_rng(1), 8, 500
    scores = random.binomial(images, 0.9, (4000, files)) / images  # equally good, answering independently
    half = 1.96 * np.sqrt(0.9 * 0.1 / 2000)
    interval = ("0.9", str(0.9 - half), str(0.9 + half))
    found = compare(*(ask(f"m{n}", 0.9, interval=interval) for n in range(files)), sizes=Sizes(2000, images))
    assert found.luck == pytest.approx(scores.max(axis=1).mean() - 0.9, abs=0.001)


def test_a_range_stays_within_0_and_1():
    assert expected_range(0.9, 0.88, 0.91, SIZES) == pytest.approx((0.86, 0.92))
    assert expected_range(0.99, 0.98, 1, SIZES) == pytest.approx((0.97, 1))
    assert expected_range(0.01, 0, 0.02, SIZES) == pytest.approx((0, 0.03))


def test_rows_by_hand():
    asks = [ask("a", 0.915, 2), ask("b", 0.95, 1), ask("c", 0.5, 3, interval=("", "", "")), ask("a", 0.85, 2, "older")]
    found = compare(*asks, present={"a": "sha of a", "b": "another"})
    assert [(row["submission"], row["inside"], row["same_file"]) for row in found.rows] == [
        ("b", False, False),
        ("a", True, True),
        ("a", False, False),
        ("c", None, False),
    ]
    first = found.rows[1]
    assert (first["public"], first["private"], first["test_like"]) == (0.915, None, 0.9)
    assert (first["difference"], first["low"], first["high"]) == pytest.approx((0.015, 0.86, 0.92))
    assert found.rows[3]["difference"] is None and found.rows[3]["low"] is None
    assert (found.days, found.files, found.newest) == (3, 4, {"a": 0.915})
    unknown = compare(ask("a", 0.8, sha256=""), sizes=None)
    assert unknown.rows[0]["same_file"] is None and unknown.newest == {"a": 0.8} and unknown.rows[0]["inside"] is None
    assert (
        unknown.rows[0]["difference"] == pytest.approx(-0.1) and unknown.standard_error is None and unknown.luck is None
    )


def test_only_different_files_that_are_not_told_apart_count_as_luck():
    asks = [ask("a", 0.9), ask("a", 0.9, 2), ask("worse", 0.5), ask("b", 0.9), ask("worse", 0.9, sha256="older")]
    found = compare(*asks, worse={"worse"}, present={name: f"sha of {name}" for name in ("a", "b", "worse")})
    assert found.files == 3  # a, b and the older file, of which the leaderboard says nothing
    error = 0.03 / (2 * norm.ppf(0.975)) * np.sqrt(3)
    assert found.standard_error == pytest.approx(error) and found.luck == pytest.approx(expected_maximum(3) * error)
    assert not found.too_often and compare(*asks, ask("c", 0.9), worse={"worse"}).too_often
    assert json.loads(json.dumps(found.facts()))["files_not_significant"] == 3


def printed(comparison):
    output = io.StringIO()
    print_public(comparison, Console(file=output, width=150))
    return output.getvalue()


def test_what_a_person_is_told():
    assert printed(compare()) == "The public score was asked 0 times on 0 days.\n"
    assert printed(compare(ask("a", 0.9))).endswith("\nThe public score was asked 1 time on 1 day.\n")
    text = printed(compare(*(ask(f"m{n}", 0.9 - n / 40, 1 + n // 2) for n in range(3)), present={"m0": "sha of m0"}))
    rows = [line for line in text.splitlines() if "│ m" in line]
    assert "0.9000" in rows[0] and "inside" in rows[0] and "earlier" not in rows[0] and "0.8600-0.9200" in rows[0]
    assert "-0.0500" in rows[2] and "OUTSIDE, an earlier file" in rows[2]
    assert "asked 3 times on 2 days" in text and "warning" not in text
    often = compare(*(ask(f"m{n}", 0.9) for n in range(4)))
    text = " ".join(printed(often).split())
    assert (
        "warning: that often, choosing by it picks luck: of 4 files that can't be told apart, the highest public score"
        in text
    )
    assert (
        f"is expected up to {often.luck:.4f} (1.05 standard errors of {often.standard_error:.4f}) too high by chance"
        in text
    )
    unknown = " ".join(printed(compare(*(ask(f"m{n}", 0.9, interval=("", "", "")) for n in range(2)))).split())
    assert "is expected 0.59 standard errors too high by chance" in unknown


def test_where_the_public_part_is_as_large_both_scores_count():
    asks = [
        ask("a", 0.86, interval=("0.9", "0.88", "0.92")),
        ask("b", 0.92, interval=("0.88", "0.86", "0.9")),
        ask("b", 0.5, 2, "older"),
        ask("c", 0.99, interval=("", "", "")),
    ]
    present = {name: f"sha of {name}" for name in "abc"}
    large = compare(*asks, sizes=Sizes(out_of_fold=100, public=300), present=present)
    assert list(large.combined.items()) == [("b", pytest.approx(0.91)), ("a", pytest.approx(0.87))]
    assert large.facts()["combined"] == large.combined
    text = " ".join(printed(large).split())
    assert "(300 images, 50% of the test set by submit.public_share) as out of fold (100): choose by both" in text
    assert "images: b 0.9100, a 0.8700." in text
    lower = replace(large, greater_is_better=False)
    assert [*lower.combined] == ["a", "b"]
    for sizes in (SIZES, None):
        small = compare(*asks, sizes=sizes, present=present)
        assert small.combined == {} and "Choose by test-like." in printed(small)
    assert compare(*asks[:1], sizes=Sizes(100, 300), present=present).combined == {"a": pytest.approx(0.87)}


def test_where_less_is_better_the_lowest_may_be_luck():
    asks = [ask(f"m{n}", 0.9) for n in range(4)]
    found = compare_public(asks, SIZES, (), 0.95, {}, (0.0, inf), greater_is_better=False)
    text = " ".join(printed(found).split())
    assert "the lowest public score is expected up to" in text and "too low by chance" in text


def test_a_range_stays_within_the_metrics_bounds():
    assert expected_range(1.5, 1.4, 1.7, SIZES, (0.0, inf)) == pytest.approx((1.3, 1.9))
    assert expected_range(0.05, 0, 0.2, SIZES, (0.0, inf)) == pytest.approx((0, 0.35))
    assert expected_range(0.1, -0.5, 0.2, SIZES, (-1.0, 1.0)) == pytest.approx((-1, 0.3))
