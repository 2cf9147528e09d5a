"""Makes packed sets, in parts that processes work on.

Each finished part is a file of its own in a state folder whose name is made from the settings and the inputs, so a
stopped run goes on behind its last finished part; at the end the parts are joined in their order, so that the bytes do
not depend on who worked when. Memory holds the parts in work, whatever the number of images.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from competition.common.files import replace_file
from competition.common.progress import progress
from competition.compute.pool import deal
from competition.data.image_store import SCHEMA, Facts, Rows, write_rows
from competition.settings.machine import MachineSettings

Make = Callable[[Sequence], tuple[Rows, Facts]]


@dataclass(frozen=True)
class PackedSet:
    """What is packed at `path`: the rows that `make` returns for `jobs`, in parts of `part_size`, kept in `state`.

    `make` gets a part of `jobs` and returns its rows and facts; it runs in other processes, perhaps on other machines
    that share the folder, so it must depend on nothing but its argument, and name files by absolute paths. `per_job`
    (len(jobs),): what each job makes, for the progress.
    """

    path: Path | str
    jobs: Sequence
    make: Make
    state: Path
    part_size: int
    per_job: np.ndarray | None = None

    @property
    def starts(self) -> range:
        return range(0, len(self.jobs), self.part_size)

    def part_file(self, start: int) -> Path:
        return Path(self.state).resolve() / f"{start:08d}.arrow"

    def units(self, start: int) -> int:
        """Return what the part that begins at job `start` makes."""
        stop = min(start + self.part_size, len(self.jobs))
        return stop - start if self.per_job is None else int(self.per_job[start:stop].sum())


def build(
    path: Path | str,
    jobs: Sequence,
    make: Make,
    state: Path,
    *,
    part_size: int,
    machine: MachineSettings,
    title: str,
    per_job: np.ndarray | None = None,
    unit: str = "image",
) -> Facts:
    """Write one PackedSet; return all facts. Finished parts are kept in `state` until the whole is written."""
    return build_all([PackedSet(path, jobs, make, state, part_size, per_job)], machine, title, unit)[0]


def build_all(sets: Sequence[PackedSet], machine: MachineSettings, title: str, unit: str = "image") -> list[Facts]:
    """Write all `sets`, dealt together; return the facts of each."""
    for one in sets:
        Path(one.state).mkdir(parents=True, exist_ok=True)
    parts = [(one, start) for one in sets for start in one.starts]
    missing = [(one, start) for one, start in parts if not one.part_file(start).exists()]
    total, to_do = (sum(one.units(start) for one, start in some) for some in (parts, missing))
    tasks = (
        (one.part_file(start), one.jobs[start : start + one.part_size], one.make, one.units(start))
        for one, start in missing
    )
    with progress(total, title, unit, done=total - to_do) as bar:
        for units in deal(_make_part, tasks, machine):
            bar.update(units)
    facts = []
    for one in sets:
        facts.append(_join(one.path, map(one.part_file, one.starts)))
        shutil.rmtree(one.state)
    return facts


def _make_part(file: Path, part: Sequence, make: Make, units: int) -> int:
    if not file.parent.is_dir():
        raise FileNotFoundError(
            f"{file.parent}: not found by a worker; the workers of machine.scheduler have to share this folder"
        )
    write_rows(file, *make(part))
    return units


def _schema(parts: Sequence[Path]) -> pa.Schema:
    """Return the columns of the parts, which are the same in all."""
    if not parts:
        return SCHEMA
    with pa.memory_map(str(parts[0])) as source, pa.ipc.open_stream(source) as reader:
        return reader.schema.remove_metadata()


def _join(path: Path | str, files: Iterable[Path]) -> Facts:
    facts: Facts = []
    files = list(files)
    with (
        replace_file(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_stream(sink, _schema(files)) as writer,
    ):
        for file in files:
            with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as reader:
                facts += json.loads(reader.schema.metadata[b"facts"])
                for batch in reader:
                    if batch.num_rows:
                        writer.write_batch(batch.replace_schema_metadata(None))
    return facts
