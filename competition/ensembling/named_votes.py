"""The vote that a person names, or the final one, made ready to be cast on other images: read from what the stages
left.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from competition.ensembling.combination import Combination, combine_ensemble, combine_single
from competition.ensembling.hard_top import HARD_TOP
from competition.ensembling.lineage import changed_since
from competition.ensembling.members import read_members
from competition.ensembling.specialist_choice import Choice, read_choice
from competition.ensembling.stacked_predictions import Images
from competition.ensembling.stacking import is_affordable
from competition.settings.ensemble import ENSEMBLES
from competition.settings.params import Settings

FINAL = Path("submissions/final.json")


def read_combination(
    name: str | None, settings: Settings, folds: pd.DataFrame, targets: tuple[str, ...]
) -> Combination:
    """The candidate of submissions/ensembles.csv called `name`, or the one that made final.csv, as a vote on any
    images.

    folds: ID, target, fold, also of the holdout; targets: (C,) the classes. Raises FileNotFoundError before the stages
    have run, ValueError for a name that no candidate has, and for a vote that images can't be asked of: it holds
    submissions made elsewhere.
    """
    name, base, choice = name or _final_choice(), settings.specialize.base_member, read_choice_if_any()
    _check_name(name, settings, choice)
    seen = folds[folds["fold"] >= 0].reset_index(drop=True)
    images = Images(seen, seen.iloc[:0], (), targets, targets[0])  # the test images aren't asked about
    if name in ENSEMBLES:
        panel, singles = read_members(settings.train.members, choice, settings, folds, images)
        if name == "stacking" and not is_affordable(len(seen), len(panel.members), len(targets)):
            raise ValueError(
                f"{name}: left out by `ensemble`, since it would take minutes to fit; --member names another"
            )
        return combine_ensemble(name, panel, singles, choice, settings.ensemble.top)
    with_specialist = choice if name not in settings.train.members else None
    panel, singles = read_members([base if with_specialist else name], with_specialist, settings, folds, images)
    return combine_single(singles[-1], panel, choice)


def changed_since_final(settings: Settings, parts: Sequence[str]) -> list[str]:
    """Return what of the settings, and of the weights of `parts`, isn't what made final.csv; nothing where there is
    none yet.
    """
    return changed_since(json.loads(FINAL.read_text(encoding="utf-8")), settings, parts) if FINAL.is_file() else []


def _final_choice() -> str:
    """The name of the candidate that made final.csv. Raises ValueError where votes from elsewhere are in it."""
    if not FINAL.is_file():
        raise FileNotFoundError(
            f"{FINAL}: not found, so the final vote isn't known; `dvc repro` makes it, or --member names a vote"
        )
    facts = json.loads(FINAL.read_text(encoding="utf-8"))
    if elsewhere := [row["name"] for row in facts["external"] if row["votes"]]:
        raise ValueError(_external_problem("the final vote", elsewhere))
    return facts["chosen"]


def _check_name(name: str, settings: Settings, choice: Choice | None) -> None:
    known = [*settings.train.members, *([settings.specialist] if choice else []), *ENSEMBLES]
    if name not in known:
        raise ValueError(
            f"{name}: no vote of that name; --member takes {', '.join(known)}. If params.yaml was changed, `dvc "
            "repro` first"
        )
    if name == HARD_TOP and settings.ensemble.external:
        raise ValueError(_external_problem(name, settings.ensemble.external))


def _external_problem(name: str, elsewhere: Sequence[str]) -> str:
    return (
        f"{name}: holds votes of submissions/external ({', '.join(elsewhere)}), which answer the test images and "
        "can't be asked about "
        f"others; --member names another vote, or take them out of ensemble.external and run `dvc repro` again"
    )


def read_choice_if_any() -> Choice | None:
    """How the specialist is listened to; None when it has no word, and before `vote` has run."""
    path = Path("submissions/specialist.json")
    return read_choice(path) if path.is_file() else None
