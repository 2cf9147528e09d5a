"""The label review: who is flagged, in which order, and what the sheet shows; hand counts and a plain slow version."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from makers.packed import marked_page
from PIL import Image

from competition.common.image_grid import GAP, PAPER
from competition.data.classes import write_classes
from competition.data.image_store import ImageStore, write_rows
from competition.data.images import encode_jpeg
from competition.data.letterbox import letterbox
from competition.data.predictions import Predictions, save_predictions
from competition.folds.leakage import LeakError
from competition.folds.split import write_folds
from competition.labels.review import review_labels
from competition.labels.review_grid import COLUMNS, LINE, LINES, TILE, label_grid, write_label_grid
from pipelines import review as stage

NAMES = {"7": "seven", "10": "ten", "x": "letter"}


def predictions(rows, targets=("7", "10", "x")):
    rows = np.asarray(rows)
    return Predictions([f"{n:03d}" for n in range(len(rows))], rows, targets)


def plain_review(labels, probabilities):
    """Confident learning by the paper's section 3, image by image; only where no count has to be rounded.

    Thresholds: the mean probability of a class among the images labelled so. An image counts for the likeliest class
    that reaches its threshold; the counts of each label are scaled to its images. Of images labelled a, as many as
    count for b are flagged, those with the smallest p(a) - p(b); not those whose own class is the likeliest.
    """
    classes = range(len(probabilities[0]))
    rows = {a: [row for row, label in enumerate(labels) if label == a] for a in classes}
    threshold = {a: sum(probabilities[row][a] for row in rows[a]) / len(rows[a]) for a in classes}
    flagged = set()
    for a in classes:
        counts = dict.fromkeys(classes, 0)
        for row in rows[a]:
            if sure := [b for b in classes if probabilities[row][b] >= threshold[b]]:
                counts[max(sure, key=lambda b: probabilities[row][b])] += 1
        for b in set(classes) - {a}:
            many = counts[b] * len(rows[a]) / sum(counts.values())
            assert many == int(many)
            flagged |= set(sorted(rows[a], key=lambda row: probabilities[row][a] - probabilities[row][b])[: int(many)])
    return {row for row in flagged if max(classes, key=lambda b: probabilities[row][b]) != labels[row]}


def doubtful(seed, classes=4):
    """Labels and probabilities; of each label, every second image is a clear one, of whichever class, the others are
    unsure.
    """
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), 2 * generator.integers(10, 20, classes))
    rows = []
    for number, label in enumerate(labels):
        seen = label if generator.random() < 0.85 else generator.integers(classes)
        top = generator.uniform(0.1, 0.3) if number % 2 else generator.uniform(0.75, 0.95)
        rest = generator.dirichlet(np.ones(classes))
        rows.append(top * np.eye(classes)[seen] + (1 - top) * (0.2 * rest + 0.8 / classes if number % 2 else rest))
    return labels, np.array(rows)


@pytest.mark.parametrize("seed", range(5))
def test_flagged_are_those_of_a_plain_version_and_margins_rise(seed):
    labels, probabilities = doubtful(seed)
    member = predictions(probabilities, tuple("abcd"))
    review = review_labels([member], ["abcd"[label] for label in labels], dict(zip("abcd", "ABCD", strict=True)))
    expected = plain_review(labels.tolist(), probabilities.tolist())
    assert 0 < len(expected) <= (probabilities.argmax(axis=1) != labels).sum() < len(labels) / 3
    assert set(review["ID"]) == {f"{row:03d}" for row in expected}
    margins = (review["label_probability"] - review["confidence"]).to_numpy()
    assert (margins < 0).all() and (np.diff(margins) >= -2e-4).all()  # both are rounded to 4 decimals


def two_members():
    """Twelve images labelled 7, 10, x, four each; what two members say of them."""
    given = ["7"] * 4 + ["10"] * 4 + ["x"] * 4
    sure = 0.85 * np.repeat(np.eye(3), 4, axis=0) + 0.05  # 0.9 for the label, 0.05 for each other
    weak = 0.25 * np.repeat(np.eye(3), 4, axis=0) + 0.25  # 0.5 and 0.25
    sure[3], weak[3] = (0.05, 0.05, 0.9), (0.25, 0.25, 0.5)  # both see an x
    sure[4], weak[4] = (0.01, 0.01, 0.98), (0.12, 0.45, 0.43)  # one sees an x
    weak[11] = (0.5, 0.25, 0.25)
    return [predictions(sure), predictions(weak)], given


def test_a_hand_count():
    # Each member names 10 of 12 labels, so both weigh the same. Means: 0.7 for a label both see, and for
    # 003: 7 0.15, x 0.7; 004: 10 0.23, x 0.705; 011: 7 0.275, x 0.575. Thresholds: 7 (3 * 0.7 + 0.15) / 4 = 0.5625,
    # 10 (0.23 + 3 * 0.7) / 4 = 0.5825, x (3 * 0.7 + 0.575) / 4 = 0.66875. So 003 and 004 count for x, 011 for none.
    # One of the four 7s is flagged, and one of the four 10s; margins 0.15 - 0.7 = -0.55 and 0.23 - 0.705 = -0.475.
    review = review_labels(*two_members(), NAMES)
    assert review.to_dict("records") == [
        {
            "ID": "003",
            "target": "7",
            "suggestion": "x",
            "confidence": pytest.approx(0.7),
            "label_probability": pytest.approx(0.15),
            "agreeing": 1.0,
            "class_name": "seven",
            "suggested_name": "letter",
        },
        {
            "ID": "004",
            "target": "10",
            "suggestion": "x",
            "confidence": pytest.approx(0.705),
            "label_probability": pytest.approx(0.23),
            "agreeing": 0.5,
            "class_name": "ten",
            "suggested_name": "letter",
        },
    ]


def test_members_weigh_as_often_as_they_name_the_label():
    members, given = two_members()
    blind = predictions(np.repeat([[0.2, 0.6, 0.2]], 12, axis=0))  # always 10: names 4 of 12 labels
    first = review_labels([*members, blind], given, NAMES).set_index("ID").loc["003"]
    weights = np.array([10 + 1, 10 + 1, 4 + 1]) / (12 + 3)
    assert first["confidence"] == pytest.approx(np.average([0.9, 0.5, 0.2], weights=weights), abs=1e-4)
    assert first["agreeing"] == pytest.approx(2 / 3, abs=1e-4)


def test_planted_flips_come_first():
    generator, targets = np.random.default_rng(1), tuple("abcde")
    y_true = generator.integers(5, size=400)
    logits = generator.normal(size=(400, 5)) + 4 * np.eye(5)[y_true]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    flipped = generator.choice(400, size=20, replace=False)
    given = y_true.copy()
    given[flipped] = (y_true[flipped] + 1 + generator.integers(4, size=20)) % 5
    review = review_labels(
        [predictions(probabilities, targets)], [targets[label] for label in given], dict.fromkeys(targets, "")
    )
    planted = {f"{row:03d}" for row in flipped}
    assert len(planted & set(review["ID"][:20])) >= 17
    truth = {f"{row:03d}": targets[y_true[row]] for row in flipped}
    found = review[review["ID"].isin(planted)]
    assert (found["suggestion"] == found["ID"].map(truth)).mean() > 0.9


def test_equal_margins_stand_by_id():
    rows, given = (
        np.repeat([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]], 20, axis=0),
        np.repeat(["7", "10", "x"], 20),
    )
    rows[[11, 4, 7]] = [0.05, 0.9, 0.05]
    member = predictions(rows)
    backwards = Predictions(member.ids[::-1], member.probabilities[::-1], member.targets)
    for one, labels in ((member, given), (backwards, given[::-1])):
        assert review_labels([one], labels.tolist(), NAMES)["ID"].tolist() == ["004", "007", "011"]


@pytest.mark.parametrize("lonely", [0, 1])
def test_a_class_with_no_image_or_one(lonely):
    rows = np.repeat([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]], 10, axis=0)
    rows[2] = [0.1, 0.9, 0.0]
    given = ["7"] * 10 + ["10"] * (10 - lonely) + ["x"] * lonely
    review = review_labels([predictions(rows)], given, NAMES)
    assert review["ID"].tolist() == ["002"]  # the only image of its class stays out, whatever is said of it


def test_no_doubt_gives_a_header_alone():
    review = review_labels([predictions(np.repeat(np.eye(3), 5, axis=0))], ["7"] * 5 + ["10"] * 5 + ["x"] * 5, NAMES)
    assert review.empty and list(review.columns) == [
        "ID",
        "target",
        "suggestion",
        "confidence",
        "label_probability",
        "agreeing",
        "class_name",
        "suggested_name",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda members, given: (members, given[:-1]), "labels: expected 12 out of"),
        (lambda members, given: (members, [*given[:-1], "9"]), "labels: expected 12 out of"),
        (
            lambda members, given: (
                [members[0], Predictions(members[1].ids[::-1], members[1].probabilities, members[1].targets)],
                given,
            ),
            "the same IDs in the same order",
        ),
        (
            lambda members, given: (
                [members[0], Predictions(members[1].ids, members[1].probabilities, ("7", "x", "10"))],
                given,
            ),
            "different targets",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        review_labels(*change(*two_members()), NAMES)


@pytest.fixture
def store(tmp_path):
    """30 pages, each of a height of its own."""
    rows = [{"id": f"{n:03d}", "image": encode_jpeg(marked_page(60 + 2 * n, 64), 95)} for n in range(30)]
    write_rows(tmp_path / "train.arrow", rows)
    return ImageStore(tmp_path / "train.arrow")


def review_of(ids):
    return pd.DataFrame(
        [
            {
                "ID": id,
                "target": "7",
                "suggestion": "x",
                "confidence": 0.9,
                "label_probability": 0.05,
                "agreeing": 0.5,
                "class_name": "seven",
                "suggested_name": "letter",
            }
            for id in ids
        ]
    )


@pytest.mark.parametrize(("many", "shown"), [(1, 1), (7, 7), (30, 24)])
def test_the_sheet_shows_the_first_pages_in_the_lists_order(store, many, shown):
    ids = [f"{n:03d}" for n in range(30)][::-1][:many]
    sheet = label_grid(store, review_of(ids))
    height, width = TILE + LINES * LINE + GAP, TILE + GAP
    assert sheet.shape == (-(-shown // COLUMNS) * height + GAP, COLUMNS * width + GAP, 3)
    for place in range(shown):
        top, left = GAP + place // COLUMNS * height, GAP + place % COLUMNS * width
        expected = letterbox(store.image(29 - place), TILE)
        assert (sheet[top : top + TILE, left : left + TILE] == expected).all()
        assert (sheet[top + TILE : top + height, left : left + TILE] < 100).any()  # a caption
    assert (sheet[:, (shown % COLUMNS) * width + GAP :][-height:] == PAPER).all() or shown % COLUMNS == 0


def test_long_names_stay_under_their_page(store):
    review = review_of(["001", "002"])
    plain = label_grid(store, review)
    review["class_name"] = ["a_name_that_is_much_too_long_for_the_width_of_a_page", "seven"]
    rows, columns = np.nonzero((label_grid(store, review) != plain).any(axis=2))
    assert len(rows) > 50 and columns.max() < GAP + TILE
    assert GAP + TILE + LINE <= rows.min() and rows.max() < GAP + TILE + 2 * LINE  # its second line


def test_a_sheet_of_nothing_says_so_and_files_repeat(store, tmp_path):
    assert (label_grid(store, review_of([])) == 0).any()
    for name in ("a.png", "b.png"):
        write_label_grid(tmp_path / name, store, review_of(["005"]))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (COLUMNS * (TILE + GAP) + GAP, TILE + LINES * LINE + 2 * GAP)


def test_the_stage_lists_what_nobody_has_decided_on_yet(store, tmp_path, monkeypatch):
    """30 pages in two folds, the last three a holdout; three wrong labels in the folds, one of them decided on, and one
    in the holdout.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.arrow").rename(tmp_path / "moved.arrow")
    (tmp_path / "data").mkdir()
    (tmp_path / "moved.arrow").rename(tmp_path / "data/train.arrow")
    (tmp_path / "params.yaml").write_text(
        "split: {folds: [0, 1], holdout: 0.1}\ntrain: {members: [lite0, twin]}\n"
        "members: {lite0: {kind: finetuned}, twin: {kind: finetuned}}\n"
    )
    ids, right = [f"{n:03d}" for n in range(30)], np.arange(30) % 3
    given = right.copy()
    given[[2, 5, 8, 29]] = 0  # by their pages they are x
    folds = pd.DataFrame(
        {
            "ID": ids,
            "target": np.array(["7", "10", "x"])[given],
            "fold": [*(n // 3 % 2 for n in range(27)), -1, -1, -1],
            "group": ids,
        }
    )
    write_folds("folds/folds.csv", folds)
    write_classes(
        "folds/classes.csv", [{"target": target, "class_name": NAMES[target], "images": 10} for target in NAMES]
    )
    probabilities = 0.85 * np.eye(3)[right] + 0.05
    for name in ("lite0", "twin"):
        for k in (0, 1):
            parts = {"clean": k, "test_like": k, "severe": k, "holdout_clean": -1, "holdout_test_like": -1}
            rows = {part: np.flatnonzero(folds["fold"] == of) for part, of in parts.items()} | {"test": np.arange(2)}
            save_predictions(
                f"folds/predictions/{name}/{k}.npz",
                {
                    part: Predictions([ids[row] for row in chosen], probabilities[chosen], tuple(NAMES))
                    for part, chosen in rows.items()
                },
            )
    Path("folds/label_fixes.csv").write_text("ID,target,reason\n005,7,it is a seven\n")
    stage.main()
    listed = pd.read_csv("folds/review/label_review.csv", dtype=str)
    assert listed[["ID", "target", "suggestion", "suggested_name"]].to_numpy().tolist() == [
        ["002", "7", "x", "letter"],
        ["008", "7", "x", "letter"],
    ]
    assert Path("folds/review/label_review.png").is_file()
    moved = pd.read_csv("folds/folds.csv", dtype=str).assign(
        fold=lambda table: table["fold"].replace({"0": "1", "1": "0"})
    )
    write_folds("folds/folds.csv", moved)
    with pytest.raises(LeakError, match="lite0/0.npz: clean: 27 IDs are not those of fold 0"):
        stage.main()
