"""A download as a site has it: images, tables and archives, with the hidden solution beside it."""

import csv
import io
import shutil
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image


@dataclass
class Download:
    """A folder that is filled as a site would, and what the site keeps to itself."""

    path: Path  # what `adopt` is given: the folder, or the archive that it became
    generator: np.random.Generator
    metric: str = ""  # what `adopt --metric` is told
    rule: str = ""  # of `scorers.CHECKS`: what a row of the submission has to hold
    score: str = ""  # of `scorers.SCORES`
    header: tuple[str, ...] = ()  # of the submission
    solution: dict[str, object] = field(default_factory=dict)  # ID -> the right answer, as the scorer takes it
    taught: dict[bytes, frozenset[str]] = field(default_factory=dict)  # an image file -> its labels
    classes: tuple[str, ...] = ()  # what an answer may name

    def image(self, name: str, pixels: np.ndarray, *labels: str) -> None:
        """Save `pixels` under `name`, in the format its extension says; labels: what train.csv has to say of them."""
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place, **({"quality": 92} if place.suffix == ".jpg" else {}))
        self.taught[place.read_bytes()] = frozenset(labels)

    def table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a CSV file."""
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        place.write_text(text.getvalue(), encoding="utf-8")

    def text(self, name: str, content: str) -> None:
        """Write a text file."""
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(content, encoding="utf-8")

    def zip(self, name: str, front: str | None = None, archive: str | None = None) -> None:
        """Put the file or folder `name` into `archive` (NAME.zip) instead; front: in front of a folder's members."""
        place = self.path / name
        front = f"{place.name}/" if front is None else front
        with zipfile.ZipFile(self.path / (archive or f"{name}.zip"), "w") as target:
            for file in _files(place):
                target.write(file, front + file.relative_to(place).as_posix() if place.is_dir() else place.name)
        _remove(place)

    def tar(self, name: str, archive: str) -> None:
        """Put the folder `name` into a tar archive instead."""
        with tarfile.open(self.path / archive, "w:gz" if archive.endswith("gz") else "w") as target:
            target.add(self.path / name, name)
        _remove(self.path / name)

    def zip_all(self) -> None:
        """Turn the whole download into one NAME.zip."""
        archive = self.path.with_suffix(".zip")
        with zipfile.ZipFile(archive, "w") as target:
            for file in _files(self.path):
                target.write(file, file.relative_to(self.path).as_posix())
        shutil.rmtree(self.path)
        self.path = archive


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(file for file in place.rglob("*") if file.is_file())


def _remove(place: Path) -> None:
    shutil.rmtree(place) if place.is_dir() else place.unlink()
