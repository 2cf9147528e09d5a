"""The ledger of public scores: no ask is ever lost, and what can't be a ledger is refused."""

import hashlib
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from competition.common.errors import ContractError
from competition.common.files import file_sha256
from competition.leaderboard.public_scores import (
    COLUMNS,
    PublicScore,
    complete,
    correct,
    read_public_scores,
    record_score,
    score_text,
)

HEADER = (
    "submission,sha256,public,private,recorded,test_like,test_like_low,test_like_high,"
    "expected,expected_low,expected_high,expected_images\n"
)
ASK = PublicScore("final", "ab", "0.9", "", "2026-11-20", "0.91", "0.9", "0.92")


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "public.csv"


def test_every_ask_is_a_row(ledger):
    assert read_public_scores(ledger) == []
    # the second: the same once more
    asks = [ASK, ASK, replace(ASK, public="0.8"), PublicScore("a", "cd", "0.7", "0.6", "2026-11-20")]
    for number, ask in enumerate(asks, start=1):
        assert record_score(ledger, ask) is ask and read_public_scores(ledger) == asks[:number]
    first = "final,ab,0.9,,2026-11-20,0.91,0.9,0.92,,,,\n"
    assert (
        ledger.read_text() == HEADER + first * 2 + first.replace("0.9,,", "0.8,,") + "a,cd,0.7,0.6,2026-11-20,,,,,,,\n"
    )


def test_a_private_score_completes_its_ask(ledger):
    others = [
        replace(ASK, sha256="cd"),
        replace(ASK, public="0.8"),
        replace(ASK, submission="a"),
        replace(ASK, private="0.5"),
    ]
    for ask in [*others, ASK]:
        record_score(ledger, ask)
    told = replace(ASK, private="0.88", recorded="2026-12-01")
    assert record_score(ledger, told) == replace(ASK, private="0.88")  # the day is that of the ask
    assert read_public_scores(ledger) == [*others, replace(ASK, private="0.88")]
    assert record_score(ledger, told) is told and len(read_public_scores(ledger)) == 6  # none is open any more


def test_the_newest_row_is_completed_and_corrected(ledger):
    days = ("2026-11-20", "2026-11-22", "2026-11-21")
    for day in days:
        record_score(ledger, replace(ASK, recorded=day))
    record_score(ledger, replace(ASK, submission="a", recorded="2026-11-30"))
    assert complete(ledger, "final", "0.8").recorded == "2026-11-22"
    assert complete(ledger, "final", "0.7").recorded == "2026-11-21"
    assert correct(ledger, "final", {"public": "0.95"}) == replace(
        ASK, recorded="2026-11-22", public="0.95", private="0.8"
    )
    assert correct(ledger, "final", {"public": "0.4", "private": "0.3"}, "2026-11-20").recorded == "2026-11-20"
    rows = [(ask.recorded, ask.public, ask.private) for ask in read_public_scores(ledger)]
    assert rows == [
        ("2026-11-20", "0.4", "0.3"),
        ("2026-11-22", "0.95", "0.8"),
        ("2026-11-21", "0.9", "0.7"),
        ("2026-11-30", "0.9", ""),
    ]
    with pytest.raises(
        ValueError, match=r"no ask of final without a private score; recorded: final on 2026-11-20, final on 2026-11-22"
    ):
        complete(ledger, "final", "0.5")
    with pytest.raises(ValueError, match="no ask of final on 2026-11-30; recorded: final on"):
        correct(ledger, "final", {"public": "0.5"}, "2026-11-30")
    with pytest.raises(ValueError, match="no ask of b; recorded"):
        correct(ledger, "b", {"public": "0.5"})
    assert [(ask.recorded, ask.public, ask.private) for ask in read_public_scores(ledger)] == rows


def test_without_a_ledger_nothing_is_completed(ledger):
    with pytest.raises(ValueError, match="no ask of final without a private score; recorded: none"):
        complete(ledger, "final", "0.5")
    assert not ledger.exists()


def test_an_early_ledger_is_kept(ledger):
    ledger.write_text("submission,public,private,recorded\na,0.9,,2026-11-20\na,0.93,,2026-11-21\n")
    # which file that was is not known: it is taken for it
    record_score(ledger, PublicScore("a", "cd", "0.93", "0.8", "2026-11-30"))
    record_score(ledger, ASK)
    assert ledger.read_text() == (
        HEADER
        + "a,,0.9,,2026-11-20,,,,,,,\na,,0.93,0.8,2026-11-21,,,,,,,\nfinal,ab,0.9,,2026-11-20,0.91,0.9,0.92,,,,\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mine\n1\n", "no column submission, public, private, recorded"),
        (
            "submission,public,private,recorded,why\na,0.9,,2026-11-20,x\n",
            "unknown columns: why; keep them in a file of their own",
        ),
        (
            "submission,public,private,recorded\na,91.2,,2026-11-20\n",
            "row 1: public '91.2'; expected a number from 0 to 1",
        ),
        ("submission,public,private,recorded\na,0.9,nan,2026-11-20\n", "row 1: private 'nan'; expected a number"),
        ("submission,public,private,recorded\na,0.9,,2026-11-20\na,x,,2026-11-20\n", "row 2: public 'x'"),
        ("submission,public,private,recorded\n,0.9,,2026-11-20\n", "row 1: no submission"),
        ("submission,public,private,recorded\na,,,2026-11-20\n", "row 1: no submission or no public score"),
        (
            "submission,public,private,recorded\na,0.9,,20.11.2026\n",
            "row 1: recorded '20.11.2026'; expected a day, YYYY-MM-DD",
        ),
    ],
)
def test_what_is_no_ledger_is_refused_and_kept(ledger, text, expected):
    ledger.write_text(text)
    with pytest.raises(ValueError) as caught:
        record_score(ledger, ASK)
    assert expected in str(caught.value) and ledger.read_text() == text


def test_an_empty_ledger(ledger):
    ledger.write_text(HEADER)
    assert read_public_scores(ledger) == [] and HEADER == ",".join(COLUMNS) + "\n"


def test_the_digest_is_sha256(tmp_path):
    Path(tmp_path / "final.csv").write_bytes(b"ID,target\n1,0\n")
    assert file_sha256(tmp_path / "final.csv") == hashlib.sha256(b"ID,target\n1,0\n").hexdigest()


@pytest.mark.parametrize(
    ("bounds", "good", "bad", "said"),
    [
        ((0.0, 1.0), 0.9127, 91.27, "expected a number from 0 to 1; write 0.9127 for 91.27 %"),
        ((0.0, inf), 1.25, -0.1, "expected a number from 0 on"),
        ((0.0, inf), 0.0, inf, "expected a number from 0 on"),
        ((-1.0, 1.0), -0.02, 2.0, "expected a number from -1 to 1"),
        ((-inf, 0.0), -7.0, 0.1, "expected a number up to 0"),
        ((-inf, inf), -7.0, float("nan"), "expected a number of any size"),
    ],
)
def test_scores_lie_within_the_metrics_bounds(ledger, bounds, good, bad, said):
    assert float(score_text(good, "public", bounds)) == good
    with pytest.raises(ValueError, match=f"public score {bad:g}: {said}$"):
        score_text(bad, "public", bounds)
    record_score(
        ledger, replace(ASK, public=repr(good), test_like="", test_like_low="", test_like_high=""), None, bounds
    )
    assert read_public_scores(ledger, bounds)[0].public == repr(good)
    ledger.write_text(ledger.read_text().replace(repr(good), repr(bad)))
    with pytest.raises(ContractError, match=f"row 1: public '{bad!r}'; {said.partition(';')[0]}"):
        read_public_scores(ledger, bounds)
