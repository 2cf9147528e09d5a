"""Packing jobs of the images, each read once, and the facts that the audit is made of."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from competition.audit.domain_shift import statistics
from competition.audit.near_duplicates import contrasts
from competition.common.files import digest
from competition.common.seeds import generator
from competition.data.boxes import BOX
from competition.data.competition import Competition
from competition.data.file_kinds import NO_IMAGE, what_it_is
from competition.data.image_reader import Decoded
from competition.data.images import UnreadableImage, UnusableBox, encode_jpeg, read_decoded, thumbnail, used_in_part
from competition.data.letterbox import letterbox
from competition.settings.prepare import PrepareSettings

SAMPLED = 1000  # images of each set that are measured for the domain shift
MEASURED_SIZE = 224  # pixels, letterboxed


@dataclass(frozen=True)
class Job:
    """Image to be packed; `box` is None or (x1, y1, x2, y2) in pixels; `measured`: see SAMPLED."""

    id: str
    path: str
    target: str | None
    group: str | None
    box: tuple[float, float, float, float] | None = None
    measured: bool = False


@dataclass(frozen=True)
class Packer:
    """Calling it with a part's jobs returns its rows, and one fact per job.

    A fact has ID, set, file, target and problem (None, or why the image is left out), and kind ("unreadable", "box",
    or "damaged", of an image that is used as far as it is there) then; if it is used height and width (of the image,
    or of its box, before packing), pages, content (the file's digest), box, contrast (grey levels between the
    thumbnail's darkest and brightest), and of measured jobs statistics, as competition.audit.domain_shift has them.
    """

    set: str
    settings: PrepareSettings

    def __call__(self, jobs: list[Job]) -> tuple[list[dict], list[dict]]:
        rows, facts = [], []
        for job in jobs:
            fact = {"ID": job.id, "set": self.set, "file": job.path, "target": job.target, "problem": None}
            facts.append(fact)
            try:
                decoded = self._read(job)
            except UnreadableImage as problem:
                what = what_it_is(job.path) if str(problem) == NO_IMAGE else ""
                fact |= {
                    "problem": f"{problem}{what}",
                    "kind": "box" if isinstance(problem, UnusableBox) else "unreadable",
                }
                continue
            image = decoded.pixels
            small = thumbnail(image)
            if decoded.damage:
                fact |= {"problem": used_in_part(decoded), "kind": "damaged"}
            fact |= {
                "height": decoded.size[0],
                "width": decoded.size[1],
                "pages": decoded.pages,
                "content": digest(Path(job.path)),
                "box": job.box,
                "contrast": int(contrasts(small[None])[0]),
            }
            if job.measured:
                fact["statistics"] = statistics(letterbox(image, MEASURED_SIZE)).tolist()
            rows.append(
                {
                    "id": job.id,
                    "source_id": job.id,
                    "target": job.target,
                    "group": job.group,
                    "view": "clean",
                    "copy": 0,
                    "height": image.shape[0],
                    "width": image.shape[1],
                    "thumbnail": small.tobytes(),
                    "image": encode_jpeg(image, self.settings.quality),
                }
            )
        return rows, facts

    def _read(self, job: Job) -> Decoded:
        least = self.settings.least_decoded if self.set == "train" else 0
        return read_decoded(Path(job.path), self.settings.longest_side, job.box, self.settings.page, least)


def packing_jobs(competition: Competition) -> tuple[list[Job], list[Job]]:
    """Return the training and the test jobs of `competition`, in its order."""
    table = competition.train
    groups = table["group"].tolist() if "group" in table else [None] * len(table)
    measured = _sample(len(table), "train")
    train = [
        Job(id, str(competition.train_paths[id]), target, group, box, row in measured)
        for row, (id, target, group, box) in enumerate(
            zip(table["ID"], table["target"], groups, _boxes(table), strict=True)
        )
    ]
    measured = _sample(len(competition.test_ids), "test")
    boxes = [None] * len(competition.test_ids) if competition.test_boxes is None else _boxes(competition.test_boxes)
    return train, [
        Job(id, str(competition.test_paths[id]), None, None, box, row in measured)
        for row, (id, box) in enumerate(zip(competition.test_ids, boxes, strict=True))
    ]


def _sample(count: int, name: str) -> set[int]:
    return set(generator(0, "audit", name).permutation(count)[:SAMPLED].tolist())


def _boxes(table: pd.DataFrame) -> list[tuple | None]:
    if BOX[0] not in table:
        return [None] * len(table)
    boxes = table[list(BOX)]
    return [
        None if whole else tuple(box)
        for whole, box in zip(boxes.isna().all(axis=1), boxes.to_numpy().tolist(), strict=True)
    ]


def problems_of(facts: list[dict]) -> list[dict]:
    """Return the facts of the images that are left out, or used in part."""
    return [fact for fact in facts if fact["problem"]]
