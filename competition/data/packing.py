"""Makes a packed set, in parts that processes work on.

Each finished part is a file of its own in a state folder whose name is made from the settings and the inputs, so a
stopped run goes on behind its last finished part; at the end the parts are joined in their order, so that the bytes do
not depend on who worked when. Memory holds the parts in work, whatever the number of images.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from competition.common.files import replace_file
from competition.common.progress import progress
from competition.compute.pool import deal
from competition.data.image_store import SCHEMA, Facts, Rows, write_rows
from competition.settings.machine import MachineSettings

Make = Callable[[Sequence], tuple[Rows, Facts]]


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
    """Write to `path` the rows that `make` returns for `jobs`, dealt in parts of `part_size`; return all facts.

    `make` gets a part of `jobs` and returns its rows and facts; it runs in other processes, perhaps on other machines
    that share this folder, so it must depend on nothing but its argument, and name files by absolute paths. Finished
    parts are kept in `state` until the whole is written. `per_job` (len(jobs),): the `unit`s that each job makes, for
    the progress.
    """
    state = Path(state).resolve()
    state.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(jobs), part_size)
    missing = [start for start in starts if not _part_file(state, start).exists()]

    def units(start: int) -> int:
        stop = min(start + part_size, len(jobs))
        return stop - start if per_job is None else int(per_job[start:stop].sum())

    total = sum(map(units, starts))
    tasks = ((state, start, jobs[start : start + part_size], make) for start in missing)
    with progress(total, title, unit, done=total - sum(map(units, missing))) as bar:
        for start in deal(_make_part, tasks, machine):
            bar.update(units(start))
    facts = _join(path, (_part_file(state, start) for start in starts))
    shutil.rmtree(state)
    return facts


def _part_file(state: Path, start: int) -> Path:
    return state / f"{start:08d}.arrow"


def _make_part(state: Path, start: int, part: Sequence, make: Make) -> int:
    if not state.is_dir():
        raise FileNotFoundError(
            f"{state}: not found by a worker; the workers of machine.scheduler have to share this folder"
        )
    write_rows(_part_file(state, start), *make(part))
    return start


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
