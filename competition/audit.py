"""What is in the data and what is wrong with it, read once: packing and the facts gathered on the way."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from competition.contract import Competition
from competition.files import digest
from competition.images import UnreadableImage, encode_jpeg, orientation_free_hash, read_image
from competition.settings import PrepareSettings


@dataclass(frozen=True)
class Job:
    """One image to be packed; `box` is None or (x1, y1, x2, y2) in pixels."""

    id: str
    path: str
    target: str | None
    group: str | None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Packer:
    """Calling it with a part's jobs returns its rows and one fact per job."""

    set: str
    settings: PrepareSettings

    def __call__(self, jobs: list[Job]) -> tuple[list[dict], list[dict]]:
        rows, facts = [], []
        for job in jobs:
            fact = {"ID": job.id, "set": self.set, "file": job.path, "target": job.target, "problem": None}
            facts.append(fact)
            try:
                image = read_image(Path(job.path), self.settings.longest_side, job.box)
            except UnreadableImage as problem:
                fact["problem"] = str(problem)
                continue
            height, width = image.shape[:2]
            fact |= {"height": height, "width": width, "content": digest(Path(job.path))}
            rows.append({"id": job.id, "source_id": job.id, "target": job.target, "group": job.group, "view": "clean",
                         "copy": 0, "height": height, "width": width, "hash": orientation_free_hash(image),
                         "image": encode_jpeg(image, self.settings.quality)})
        return rows, facts


def jobs_of(competition: Competition) -> tuple[list[Job], list[Job]]:
    """Return the training and the test jobs of `competition`, in its order."""
    table = competition.train
    boxes = table[["x1", "y1", "x2", "y2"]].to_numpy().tolist() if "x1" in table else [None] * len(table)
    groups = table["group"].tolist() if "group" in table else [None] * len(table)
    train = [Job(id, str(competition.train_paths[id]), target, group, tuple(box) if box else None)
             for id, target, group, box in zip(table["ID"], table["target"], groups, boxes, strict=True)]
    return train, [Job(id, str(competition.test_paths[id]), None, None) for id in competition.test_ids]


def problems_of(facts: list[dict]) -> list[dict]:
    """Return the facts of what could not be read."""
    return [fact for fact in facts if fact["problem"]]


def summary(competition: Competition, facts: list[dict]) -> dict:
    """Return counts, sizes, unreadable files and exact duplicates of train and test, for folds/audit.json."""
    result = {}
    for name in ("train", "test"):
        here = [fact for fact in facts if fact["set"] == name]
        read = [fact for fact in here if not fact["problem"]]
        result[name] = {
            "images": len(here),
            "unreadable": len(here) - len(read),
            "height_range": _range([fact["height"] for fact in read]),
            "width_range": _range([fact["width"] for fact in read]),
            "exact_duplicates": _duplicates(read),
        }
    counts = Counter(fact["target"] for fact in facts if fact["set"] == "train" and not fact["problem"])
    names = zip(competition.targets, competition.class_names, strict=True)
    result["classes"] = [{"target": t, "class_name": name, "images": counts[t]} for t, name in names]
    return result


def _range(values: list[int]) -> list[int] | None:
    return [min(values), max(values)] if values else None


def _duplicates(facts: list[dict]) -> list[dict]:
    same: dict[str, list[dict]] = {}
    for fact in facts:
        same.setdefault(fact["content"], []).append(fact)
    return [{"IDs": [fact["ID"] for fact in group], "targets_differ": len({fact["target"] for fact in group}) > 1}
            for group in same.values() if len(group) > 1]
