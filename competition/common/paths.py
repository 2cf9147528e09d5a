"""Paths of the project's files, relative to its folder, each written once."""

from pathlib import Path

PARAMS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")

# data/: not in git
RAW = Path("data/raw")  # the competition
SOLUTION = Path("data/solution.csv")  # labels of a test part that was held out, or generated
TRAIN_STORE = Path("data/train.arrow")
TEST_STORE = Path("data/test.arrow")
AUGMENTED_STORE = Path("data/augmented.arrow")
TEST_RESIZED_STORE = Path("data/test_squares.arrow")
STATE = Path("data/state")  # what a stopped stage goes on from
CACHE = Path("data/cache")
NOISE_BANK = CACHE / "bank"  # banked document noise
FEATURE_CACHE = CACHE
TUNING = Path("data/tune")  # a folder for each study
TUNING_CACHE = CACHE / "tune"

# folds/: what the folds produced
FOLDS = Path("folds/folds.csv")
CLASSES = Path("folds/classes.csv")
AUDIT = Path("folds/audit.json")
DUPLICATES = Path("folds/duplicates.csv")
PROBLEM_FILES = Path("folds/problem_files.csv")
LABEL_FIXES = Path("folds/label_fixes.csv")
FITTED_POLICY = Path("folds/fitted_policy.yaml")
DOMAIN_SHIFT = Path("folds/shift.csv")
CONTACT_SHEET = Path("folds/augmented.png")

# submissions/
FINAL = Path("submissions/final.csv")
FINAL_FACTS = Path("submissions/final.json")
LEADERBOARD = Path("submissions/leaderboard.csv")
PUBLIC_SCORES = Path("submissions/public.csv")
EXTERNAL = Path("submissions/external")
REPORT = Path("submissions/report/index.html")


def weights(member: str, fold: int) -> Path:
    """Return the weights file of a member's fold."""
    return Path(f"folds/weights/{member}/{fold}.safetensors")


def predictions(member: str, fold: int) -> Path:
    """Return the file of a member's fold with its out-of-fold and test predictions."""
    return Path(f"folds/predictions/{member}/{fold}.npz")


def scores(member: str, fold: int) -> Path:
    """Return the JSON file of a member's fold with its scores and seconds."""
    return Path(f"folds/scores/{member}/{fold}.json")


def history(member: str, fold: int) -> Path:
    """Return the CSV file of a member's fold with a row for each epoch."""
    return Path(f"folds/history/{member}/{fold}.csv")
