"""record and leaderboard as a person calls them: what is written down of public scores, and what is printed beside
it.
"""
# ruff: noqa: F811

import csv
import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
from makers.commands import call, project  # noqa: F401

from pipelines import leaderboard, record


def write_board(**test_like):
    """A leaderboard of submissions with these scores, of 24 images, each with an interval of 0.1; the test set has
    6.
    """
    Path("submissions/members/b.csv").write_text("ID,target\n01,1\n02,0\n03,1\n04,1\n05,1\n06,0\n")
    columns = [
        "difference",
        "difference_low",
        "difference_high",
        "standard_error",
        "mean",
        "std",
        "clean",
        "train_seconds",
    ]
    rows = [
        f"{name},{name},soft,{value},{value - 0.05:g},{value + 0.05:g}{',0' * len(columns)},24,{told},\n"
        for (name, value), told in zip(test_like.items(), ("best", "no", "yes"), strict=False)
    ]
    header = (
        f"submission,member,vote,test_like,test_like_low,test_like_high,{','.join(columns)},images,significant,note\n"
    )
    Path("submissions/leaderboard.csv").write_text(header + "".join(rows))


def ledger():
    """The ledger's rows, in short: submission, public, private, day."""
    rows = csv.DictReader(Path("submissions/public.csv").open())
    return [(row["submission"], row["public"], row["private"], row["recorded"]) for row in rows]


def test_record_adds_a_row_for_each_ask(project, call):
    write_board(b=0.9, a=0.5)
    code, out, _ = call(record, "a", "0.45", "--date", "2026-11-20")
    assert (
        code == 0
        and "submissions/public.csv: recorded: a public 0.45 on 2026-11-20\n" in out
        and "asked 1 time on 1 day" in out
    )
    # the public half has 3 images, out of fold 24: the interval 0.45 to 0.55 is widened by sqrt(1 + 24 / 3) = 3
    line = next(line for line in out.splitlines() if "2026-11-20" in line and "│" in line)
    for part in ("0.4500", "0.5000", "-0.0500", "0.3500-0.6500", "inside"):
        assert part in line
    code, out, _ = call(record, "submissions/members/a.csv", "0.75", "--date", "2026-11-20")
    assert (
        "recorded: a public 0.75 on 2026-11-20; the same file was asked for before, --correct mends a mistyped score\n"
        in out
    )
    assert "asked 2 times on 1 day" in out and "OUTSIDE" in out
    # in the leaderboard
    assert "│  0.750 │" in next(line for line in out.splitlines() if "│ a " in line and "0.450-0.550" in line)
    call(record, "b.csv", "1", "--private", "0.5")
    assert ledger() == [
        ("a", "0.45", "", "2026-11-20"),
        ("a", "0.75", "", "2026-11-20"),
        ("b", "1.0", "0.5", f"{date.today()}"),
    ]
    handed_in = hashlib.sha256(Path("submissions/members/b.csv").read_bytes()).hexdigest()
    assert (
        Path("submissions/public.csv").read_text().endswith(f"b,{handed_in},1.0,0.5,{date.today()},0.9,0.85,0.95,,,,\n")
    )


def test_record_completes_and_corrects(project, call):
    write_board(a=0.5)
    for day, public in (("20", "0.4"), ("21", "0.6")):
        call(record, "a", public, "--date", f"2026-11-{day}")
    assert "completed: a public 0.6 private 0.55 on 2026-11-21" in call(record, "a", "--private", "0.55")[1]
    assert "completed: a public 0.4 private 0.35 on 2026-11-20" in call(record, "a", "0.4", "--private", "0.35")[1]
    assert "corrected: a public 0.61 private 0.55 on 2026-11-21" in call(record, "a", "0.61", "--correct")[1]
    _, out, _ = call(record, "a", "--private", "0.3", "--correct", "--date", "2026-11-20")
    assert "corrected: a public 0.4 private 0.3 on 2026-11-20" in out
    Path(
        "submissions/members/a.csv"
    ).unlink()  # what was handed in may be gone by the time that its private score is known
    write_board(b=0.5)
    _, out, _ = call(record, "a", "0.62", "--correct")
    assert (
        ledger() == [("a", "0.4", "0.3", "2026-11-20"), ("a", "0.62", "0.55", "2026-11-21")]
        and out.count("an earlier file") == 2
    )
    code, _, err = call(record, "a", "--private", "0.5")
    assert code == 1 and "no ask of a without a private score; recorded: a on 2026-11-20, a on 2026-11-21" in err


def test_record_compares_the_ensemble_with_its_own_facts(project, call):
    write_board(a=0.9)
    Path("submissions/final.csv").write_text("ID,target\n")
    Path("submissions/final.json").write_text(
        json.dumps({"score": {"test_like": {"value": 0.75, "low": 0.7, "high": 0.8}}})
    )
    out = call(record, "final", "0.8")[1]
    assert all(part in out for part in ("0.7500", "+0.0500", "0.6000-0.9000", "inside"))
    Path("submissions/leaderboard.csv").unlink()
    out = call(record, "a", "0.8")[1]
    # nothing says how many images were scored
    assert "asked 2 times" in out and "0.7500" in out and "inside" not in out


def test_record_says_what_is_missing_before_it_records(project, call):
    write_board(b=0.9)
    Path("submissions/members/b.csv").unlink()
    code, _, err = call(record, "a", "0.8")
    assert (
        code == 1 and "submissions/members/b.csv: no such file" in err and not Path("submissions/public.csv").exists()
    )


def test_many_asks_are_warned_of(project, call):
    write_board(b=0.9, a=0.5)
    out = ""
    for number in range(4):
        assert "warning" not in out
        Path("submissions/members/a.csv").write_text(f"ID,target\n01,{number}\n")  # another file each time
        out = call(record, "a", f"0.{number + 1}")[1]
    assert "warning: that often, choosing by it picks luck: of 4 files" in out


def test_leaderboard_prints_the_public_scores_beside(project, call):
    assert "leaderboard.csv: not found; `dvc repro` makes it (stage vote)" in call(leaderboard)[2]
    write_board(b=0.9, a=0.5)
    code, out, _ = call(leaderboard)
    assert (
        code == 0
        and "│ public" not in out
        and "┃ public" not in out
        and "≈ can't be told apart" in out
        and "asked 0 times" in out
    )
    call(record, "a", "0.45")
    before = {path: path.read_bytes() for path in project.rglob("*.*")}
    out = call(leaderboard)[1]
    assert "│  0.450 │" in out and "asked 1 time on 1 day" in out
    assert "final.csv" not in out
    code, out, _ = call(leaderboard, "--json")
    found = json.loads(out)
    assert [(row["submission"], row["significant"]) for row in found["leaderboard"]] == [("b", "best"), ("a", "no")]
    told = found["public"]["scores"][0]
    assert (found["public"]["asks"], told["submission"], told["public"], told["inside"], told["same_file"]) == (
        1,
        "a",
        0.45,
        True,
        True,
    )
    assert {path: path.read_bytes() for path in project.rglob("*.*")} == before


def test_leaderboard_says_what_final_csv_should_score(project, call):
    write_board(b=0.9, a=0.5)
    score = {"value": 0.7, "low": 0.65, "high": 0.754}
    facts = {
        "chosen": "soft",
        "score": {"test_like": score, "nested_choice": {"test_like": score | {"value": 0.69}}, "expected": None},
    }
    Path("submissions/final.json").write_text(json.dumps(facts))
    assert call(leaderboard)[1].splitlines()[-3:] == [
        "submissions/final.csv: soft; macro F1:",
        "  test-like, out of fold      0.700 (0.650 to 0.754)",
        "  of the whole choice, nested 0.690 (0.650 to 0.754)",
    ]


def test_the_final_score_is_held_against_what_was_expected_of_it(project, call):
    """The test-like views may be harder than the test set: what is expected knows that."""
    write_board(b=0.9, a=0.5)
    facts = {
        "chosen": "a",
        "score": {
            "test_like": {"value": 0.5, "low": 0.45, "high": 0.55},
            "nested_choice": None,
            "expected": {"value": 0.8, "low": 0.75, "high": 0.85, "effective_images": 6.0},
        },
    }
    Path("submissions/final.json").write_text(json.dumps(facts))
    Path("submissions/final.csv").write_bytes(Path("submissions/members/a.csv").read_bytes())
    Path("submissions/ensembles.csv").write_bytes(Path("submissions/leaderboard.csv").read_bytes())
    call(record, "final", "0.78")
    out = call(leaderboard)[1]
    line = next(line for line in out.splitlines() if "│ final " in line)
    # of the whole test set, 6 images, by what 6 others said; 3 are public: wider by sqrt((1/6 + 1/3) / (1/6 + 1/6))
    for part in ("0.7800", "0.5000", "0.8000", "-0.0200", "0.7388-0.8612", "inside"):
        assert part in line
    candidates = out.partition("Candidates for final.csv, which is a")[2].partition("Public scores")[0]
    assert "OUTSIDE" not in out and "0.780" in next(line for line in candidates.splitlines() if "│ a " in line)
    call(record, "a", "0.2")
    out = call(leaderboard)[1]
    assert "OUTSIDE: once in a while that is chance" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("c", "0.5"), "c: no such submission under submissions/, its members/ and ensembles/; there: a, b"),
        (("leaderboard", "0.5"), "no such submission"),
        (("elsewhere/a.csv", "0.5"), "no such submission"),
        (("submissions/a.csv", "0.5"), "no such submission"),
        (("a", "91.2"), "expected a number from 0 to 1; write 0.912 for 91.2 %"),
        (("a", "nan"), "expected a number from 0 to 1"),
        (("a", "0.5", "--private", "1.5"), "private score 1.5"),
        (("a",), "a: no score; give the public one, or --private with the private one"),
        (("a", "--private", "0.5"), "no ask of a without a private score; recorded: none"),
        (("a", "0.5", "--correct"), "no ask of a; recorded: none"),
    ],
)
def test_record_refuses(project, call, arguments, expected):
    write_board(a=0.5)
    code, _, err = call(record, *arguments)
    assert code == 1 and expected in err and not Path("submissions/public.csv").exists()


def test_record_knows_the_ensembles(project, call):
    write_board(a=0.5)
    Path("submissions/ensembles").mkdir()
    Path("submissions/ensembles/soft.csv").write_text(Path("submissions/members/a.csv").read_text())
    Path("submissions/ensembles.csv").write_text(
        Path("submissions/leaderboard.csv").read_text().replace("\na,", "\nsoft,")
    )
    code, out, err = call(record, "soft", "0.47")
    assert code == 0 and "recorded: soft public 0.47" in out, err
    row = Path("submissions/public.csv").read_text().splitlines()[-1].split(",")
    assert row[0] == "soft" and row[5] == "0.5"


def test_record_counts_what_the_rules_allow(project, call):
    Path("params.yaml").write_text("rules: {public_submissions: 2}\n")
    for day in ("2026-11-20", "2026-11-21"):
        assert call(record, "a", "0.9", "--date", day)[0] == 0
    before = Path("submissions/public.csv").read_text()
    code, _, err = call(record, "a", "0.95", "--date", "2026-11-22")
    assert (
        code == 1
        and "rules.public_submissions: 2" in err
        and "holds 2 scores; a of 2026-11-22 would be one more" in err
    )
    assert Path("submissions/public.csv").read_text() == before
    assert call(record, "a", "0.92", "--date", "2026-11-21", "--correct")[0] == 0
    Path("params.yaml").write_text("rules: {public_submissions: 3}\n")
    assert call(record, "a", "0.95", "--date", "2026-11-22")[0] == 0


def test_record_keeps_a_file_it_does_not_know(project, call):
    Path("submissions/public.csv").write_text("mine\n1\n")
    code, _, err = call(record, "a", "0.5")
    assert code == 1 and "no column submission" in err and Path("submissions/public.csv").read_text() == "mine\n1\n"


def test_scores_of_a_metric_of_which_less_is_better(project, call):
    Path("params.yaml").write_text("task: {answer: probability, metric: log_loss}\n")
    write_board(b=1.2, a=1.9)
    code, out, _ = call(record, "a", "1.95", "--date", "2026-11-20")
    assert code == 0 and "Log loss out of fold, less is better" in out
    # 1.85 to 1.95, widened by 3
    assert "1.7500-2.0500" in next(line for line in out.splitlines() if "2026-11-20" in line and "│" in line)
    code, _, err = call(record, "a", "--", "-0.5")
    assert code == 1 and "public score -0.5: expected a number from 0 on" in err
    found = json.loads(call(leaderboard, "--json")[1])
    assert [row["submission"] for row in found["leaderboard"]] == ["b", "a"] and found["public"]["asks"] == 1


def test_a_kappa_may_lie_below_0(project, call):
    Path("params.yaml").write_text("task: {labels: ordinal, metric: quadratic_weighted_kappa}\n")
    write_board(b=0.4, a=0.02)
    code, out, _ = call(record, "a", "--", "-0.02")
    assert code == 0 and "recorded: a public -0.02" in out and "Quadratic weighted kappa out of fold " in out


def test_a_fold_without_a_score_is_null_in_json(project, call):
    write_board(b=0.9, a=0.5)
    board = Path("submissions/leaderboard.csv")
    header, first, second = board.read_text().splitlines()
    board.write_text(f"{header},fold_0\n{first},\n{second},0.5\n")
    rows = json.loads(call(leaderboard, "--json")[1], parse_constant=pytest.fail)["leaderboard"]
    assert [row["fold_0"] for row in rows] == [None, 0.5] and rows[0]["images"] == 24
