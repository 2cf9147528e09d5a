"""Makes the page to look at: `python -m pipelines.report` (stage `report`).

Reads what the stages left in folds/ and submissions/, folds/shift.csv, submissions/public.csv, params.yaml, and for the
sections with images the packed data/. Makes submissions/report/index.html: one file that needs no network. Sections
whose files are empty say so.
"""

import json
from pathlib import Path
from time import perf_counter

import pandas as pd

from competition.audit.duplicate_table import read_duplicates
from competition.common.files import replace_file
from competition.compute.device import keep_memory
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.data.predictions import Predictions
from competition.data.submission import read_submission
from competition.folds.predictions import read_fold
from competition.folds.split import read_folds
from competition.leaderboard.board import read_leaderboard
from competition.leaderboard.public_comparison import read_comparison, read_sizes
from competition.report.boards import leaderboard_section
from competition.report.class_f1 import classes_section
from competition.report.confusion import confusion_section
from competition.report.copies import copies_section
from competition.report.data_audit import audit_section
from competition.report.folds import folds_section
from competition.report.galleries import Pages, embedding, errors, member_with_network, unsure
from competition.report.label_gallery import label_review_section
from competition.report.learning import learning_section
from competition.report.lineage import lineage_section
from competition.report.page import make_page
from competition.report.result import headline, result_section
from competition.report.sections import Section
from competition.report.train_test import shift_section
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import log, run

DATA, FOLDS, FOLDER, PAGE = Path("data"), Path("folds"), Path("submissions"), Path("submissions/report/index.html")


def main() -> None:
    began = perf_counter()
    keep_memory()
    final = read_json(FOLDER / "final.json")
    page = make_page("Foldvote report", headline(final), sections_of(final))
    with replace_file(PAGE) as temporary:
        temporary.write_text(page, encoding="utf-8")
    log("reported", path=PAGE, megabytes=round(PAGE.stat().st_size / 1e6, 1), seconds=round(perf_counter() - began, 1))


def sections_of(final: dict) -> list[Section]:
    """All sections, in the order of the page."""
    settings = load_settings()
    board = read_leaderboard(FOLDER / "leaderboard.csv")
    class_names = read_classes(FOLDS / "classes.csv")
    audit = read_json(FOLDS / "audit.json")
    hard = read_json(FOLDER / "specialist.json")["hard_classes"]
    candidates = read_leaderboard(FOLDER / "ensembles.csv")
    sizes = read_sizes(FOLDER, board, settings.competition.submission_columns)
    comparison = read_comparison(FOLDER, board, sizes, settings.ensemble.confidence)
    names = board["submission"].tolist()
    if unranked := [name for name in settings.train.members if name not in names]:
        raise ValueError(
            f"submissions/leaderboard.csv: has no row of {', '.join(unranked)}, which train.members names; run `dvc "
            "repro`"
        )
    shown = final["chosen"] if final["chosen"] in names else names[0]
    return [
        result_section(final),
        leaderboard_section(board, candidates, comparison, final["chosen"]),
        folds_section(candidates),
        learning_section(
            {name: read_histories(name, settings.split.folds) for name in (*settings.train.members, "specialist")}
        ),
        confusion_section(read_text_table(FOLDER / "oof.csv"), shown, class_names, hard, final["chosen"]),
        classes_section(read_per_class(), shown, hard),
        *image_sections([name for name in names if name in settings.train.members], settings, class_names),
        shift_section(audit["train_against_test"], read_shift()),
        audit_section(audit, read_duplicates(FOLDS / "duplicates.csv"), read_text_table(FOLDS / "problem_files.csv")),
        lineage_section(final, Path("params.yaml").read_text(encoding="utf-8")),
    ]


def image_sections(ranked: list[str], settings: Settings, class_names: dict[str, str]) -> list[Section]:
    """The sections with images, of the best of the members `ranked`, and of the best that has a network."""
    folds = read_folds(FOLDS / "folds.csv")
    seen = folds[folds["fold"] >= 0].reset_index(drop=True)
    final = read_submission(FOLDER / "final.csv", settings.competition.submission_columns)
    pages = Pages(
        settings,
        seen,
        class_names,
        ImageStore(DATA / "augmented.arrow"),
        ImageStore(DATA / "test_squares.arrow"),
        dict(zip(final["ID"], final["target"], strict=True)),
    )

    def said_by(name: str) -> list[dict[str, Predictions]]:
        return [read_fold(name, fold, folds, tuple(class_names)) for fold in settings.split.folds]

    copies = copies_section(FOLDS / "augmented.png", len(class_names))
    best, seeing = ranked[0], member_with_network(ranked, settings)
    said = said_by(best)
    return [
        errors(best, said, pages),
        unsure(best, said, pages),
        embedding(seeing, said_by(seeing or best), pages),
        label_review_section(read_label_review(), ImageStore(DATA / "train.arrow")),
        copies,
    ]


def read_json(path: Path) -> dict:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it")
    return json.loads(path.read_text(encoding="utf-8"))


def read_text_table(path: Path) -> pd.DataFrame:
    """The table with every cell as str: an ID may be "007", and a class "NA"."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it")
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")


def read_per_class() -> pd.DataFrame:
    """per_class.csv, targets and names as str, F1 as float64."""
    texts = read_text_table(FOLDER / "per_class.csv")
    numbers = texts.columns.drop(["target", "class_name"])
    return texts.assign(**{name: pd.to_numeric(texts[name]) for name in numbers})


def read_label_review() -> pd.DataFrame:
    """folds/label_review.csv, IDs, targets and names as str, the rest as float64."""
    texts = read_text_table(FOLDS / "label_review.csv")
    return texts.assign(
        **{name: pd.to_numeric(texts[name]) for name in ("confidence", "label_probability", "agreeing")}
    )


def read_shift() -> pd.DataFrame | None:
    """folds/shift.csv; None while nobody has fitted a policy."""
    path = FOLDS / "shift.csv"
    return pd.read_csv(path, encoding="utf-8") if path.is_file() else None


def read_histories(name: str, folds: tuple[int, ...]) -> dict[int, pd.DataFrame]:
    """Fold -> history of a member, of the folds that left one."""
    found = {}
    for fold in folds:
        path = FOLDS / f"history/{name}/{fold}.csv"
        if path.is_file() and path.stat().st_size > 1:  # pandas writes one line break for no rows
            found[fold] = pd.read_csv(path, encoding="utf-8")
    return found


if __name__ == "__main__":
    run(main)
