"""Paths of the project's files, relative to its folder, each written once."""

from pathlib import Path

PARAMS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")
DVC_LOCK = Path("dvc.lock")

# data/: not in git
RAW = Path("data/raw")  # the competition
SOLUTION = Path("data/solution.csv")  # labels of a test part that was held out, or generated
METADATA = Path("data/metadata.csv")  # of the images, what tables have beside them
TRAIN_STORE = Path("data/train.arrow")
TEST_STORE = Path("data/test.arrow")
AUGMENTED_STORE = Path("data/augmented.arrow")
TEST_RESIZED_STORE = Path("data/test_squares.arrow")
CORRECTIONS = Path("data/corrections")  # new images that a person labelled, by `serve`
STATE = Path("data/state")  # what a stopped stage goes on from
LOCKS = Path("data/locks")  # held by the commands at work
KEPT_DVC_LOCK = LOCKS / "dvc.lock"  # as the last stage found it
CACHE = Path("data/cache")
NOISE_BANK = CACHE / "bank"  # banked document noise
TUNING = Path("data/tune")  # a folder for each study
TUNING_CACHE = CACHE / "tune"

# folds/: what the folds produced
FOLDS = Path("folds/folds.csv")
UNSCORED = Path("folds/unscored.csv")  # images that no fold scores
CLASSES = Path("folds/classes.csv")
AUDIT = Path("folds/audit.json")
DUPLICATES = Path("folds/duplicates.csv")
PROBLEM_FILES = Path("folds/problem_files.csv")
LABEL_FIXES = Path("folds/label_fixes.csv")
FITTED_POLICY = Path("folds/fitted_policy.yaml")
DOMAIN_SHIFT = Path("folds/shift.csv")
CONTACT_SHEET = Path("folds/augmented.png")
IMAGE_STATISTICS = Path("folds/image_statistics.npz")  # of the clean and the test-like images
UPRIGHT = Path("folds/upright")  # weights of the networks that turn pages upright
UPRIGHT_FACTS = Path("folds/upright.json")
WEIGHTS = Path("folds/weights")
PREDICTIONS = Path("folds/predictions")
SCORES = Path("folds/scores")
HISTORY = Path("folds/history")
CURVES = Path("folds/curves")
ADAPTED = Path("folds/adapted")  # apart: they learn from the answers in the folders of all members
ADAPTED_SUFFIX = "_adapted"  # of their names
STUDENT = Path("folds/student")  # apart: it learns from the votes, which depend on the folders of all members
REVIEW = Path("folds/review")
LABEL_REVIEW = REVIEW / "label_review.csv"
LABEL_REVIEW_GRID = REVIEW / "label_review.png"

# submissions/
SUBMISSIONS = Path("submissions")
MEMBERS = SUBMISSIONS / "members"  # the members' submissions
LEADERBOARD = SUBMISSIONS / "leaderboard.csv"
OOF = SUBMISSIONS / "oof.csv"
PER_CLASS = SUBMISSIONS / "per_class.csv"
CONFUSION = SUBMISSIONS / "confusion.csv"
VOTES = SUBMISSIONS / "votes.json"  # the specialist's weight
EXTERNAL = SUBMISSIONS / "external"
ENSEMBLES = SUBMISSIONS / "ensembles"  # the ensembles' submissions
CANDIDATES = SUBMISSIONS / "ensembles.csv"  # leaderboard of all candidates
ENSEMBLES_OOF = SUBMISSIONS / "ensembles_oof.csv"
FINAL = SUBMISSIONS / "final.csv"
FINAL_VOTE = SUBMISSIONS / "final_vote.json"
FINAL_FACTS = SUBMISSIONS / "final.json"
METRICS = SUBMISSIONS / "metrics.json"
STUDENT_TABLE = SUBMISSIONS / "student.csv"  # leaderboard of the final vote and the student
STUDENT_VOTE = SUBMISSIONS / "student_vote.json"
HOLDOUT = SUBMISSIONS / "holdout.csv"
HOLDOUT_SEEN = SUBMISSIONS / "holdout_seen.csv"
PUBLIC_SCORES = SUBMISSIONS / "public.csv"
REPORT = SUBMISSIONS / "report/index.html"

EXPORTS = Path("exports")


def weights(member: str, fold: int | str) -> Path:
    """Return the weights file of a member's fold."""
    return _of(member, WEIGHTS) / f"{fold}.safetensors"


def predictions(member: str, fold: int | str) -> Path:
    """Return the file of a member's fold with its out-of-fold and test predictions."""
    return _of(member, PREDICTIONS) / f"{fold}.npz"


def scores(member: str, fold: int | str) -> Path:
    """Return the JSON file of a member's fold with its scores and seconds."""
    return _of(member, SCORES) / f"{fold}.json"


def history(member: str, fold: int | str) -> Path:
    """Return the CSV file of a member's fold with a row for each epoch."""
    return _of(member, HISTORY) / f"{fold}.csv"


def _of(member: str, kind: Path) -> Path:
    if member == STUDENT.name:
        return STUDENT / kind.name
    return (ADAPTED / kind.name if member.endswith(ADAPTED_SUFFIX) else kind) / member
