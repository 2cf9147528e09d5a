"""Surveys of two or more parts of a competition, the larger ones growing until their work can be measured."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from competition.data.competition import Competition
from competition.planning.subset import Size, part_sizes, write_part
from competition.planning.survey import Announce, RunStage, Survey, VoteUsage, survey, survey_votes
from competition.settings.params import Settings

MOST = 400  # training images of the second part
LEAST, ENOUGH = 5.0, 120.0  # seconds that a stage, or all of them, take more for the last part than for the first


def measure(
    competition: Competition, settings: Settings, size: Size, run_stage: RunStage, announce: Announce
) -> tuple[tuple[Survey, Survey], list[VoteUsage]]:
    """Return the surveys of the smallest and the largest part that were run, and the usage of the votes for `size`."""
    folds, classes, images = settings.split.k, competition.train["target"].nunique(), len(competition.train)
    small, large = part_sizes(images, classes, folds, settings.augment.copies, MOST)
    with _part(competition, settings, small) as (folder, count):
        announce(f"(part of {count.train} training images)")
        first = survey(folder, count, settings, Path.cwd(), run_stage, announce)
        votes = survey_votes(folder, size, settings, run_stage, announce)
    while True:
        with _part(competition, settings, large) as (folder, count):
            announce(f"(part of {count.train} training images)")
            last = survey(folder, count, settings, Path.cwd(), run_stage, announce)
        if large >= images // 2 or is_measurable(first, last):
            return (first, last), votes
        large = min(4 * large, images // 2)


def is_measurable(first: Survey, last: Survey) -> bool:
    """Return whether `last` took so much longer that the seconds of starting a stage, which vary, don't hide it."""
    grown = [last.stages[name].seconds - first.stages[name].seconds for name in ("prepare", "augment")]
    grown.append(sum(last.trained[name].usage.seconds - one.usage.seconds for name, one in first.trained.items()))
    return min(grown) > LEAST or sum(grown) > ENOUGH


@contextmanager
def _part(competition: Competition, settings: Settings, images: int) -> Iterator[tuple[Path, Size]]:
    """Yield a folder with a part of about `images` training images, and the part's size."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name), write_part(Path(name), competition, settings, images)
