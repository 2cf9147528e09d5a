"""The packed image store: one Arrow file per set, memory-mapped.

Work that makes images is dealt to processes in parts. Each finished part is a file of its own in a state folder whose
name is made from the settings and the inputs, so a stopped run goes on behind its last finished part; at the end the
parts are joined in their order, so that the bytes do not depend on who worked when.
The file is an Arrow IPC stream, so `datasets.Dataset.from_file` reads it too.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import joblib
import numpy as np
import pyarrow as pa
from tqdm import tqdm

from competition.files import replace_file
from competition.images import decode_jpeg

SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "source_id": pa.string(),
        "target": pa.string(),
        "group": pa.string(),
        "view": pa.string(),
        "copy": pa.int32(),
        "height": pa.int32(),
        "width": pa.int32(),
        "hash": pa.uint64(),
        "image": pa.binary(),
    }
)

Rows = list[dict]
Facts = list[dict]


def write_rows(path: Path | str, rows: Rows, facts: Facts = ()) -> None:
    """Write `rows` (dicts with SCHEMA's keys; what is missing is null) and `facts` (JSON) as one Arrow file."""
    schema = SCHEMA.with_metadata({"facts": json.dumps(list(facts))})
    with replace_file(path) as temporary, pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))


def build(path: Path | str, jobs: Sequence, make: Callable[[Sequence], tuple[Rows, Facts]], state: Path, *,
          part_size: int, workers: int, title: str) -> Facts:
    """Write to `path` the rows that `make` returns for `jobs`, dealt in parts of `part_size`; return all facts.

    `make` gets a part of `jobs` and returns its rows and facts; it runs in `workers` processes, so it must depend on
    nothing but its argument. Finished parts are kept in `state` until the whole is written.
    """
    state.mkdir(parents=True, exist_ok=True)
    parts = [(state / f"{start:08d}.arrow", jobs[start : start + part_size]) for start in range(0, len(jobs), part_size)]
    missing = [(file, part) for file, part in parts if not file.exists()]
    with tqdm(total=len(jobs), initial=len(jobs) - sum(len(part) for _, part in missing), desc=title, unit="image",
              mininterval=1.0) as bar:
        work = (joblib.delayed(_make_part)(file, part, make) for file, part in missing)
        for done in joblib.Parallel(n_jobs=workers, return_as="generator_unordered", pre_dispatch="2*n_jobs")(work):
            bar.update(done)
    facts = _join(path, [file for file, _ in parts])
    shutil.rmtree(state)
    return facts


def _make_part(file: Path, part: Sequence, make: Callable[[Sequence], tuple[Rows, Facts]]) -> int:
    write_rows(file, *make(part))
    return len(part)


def _join(path: Path | str, files: Iterable[Path]) -> Facts:
    facts: Facts = []
    with replace_file(path) as temporary, pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as writer:
        for file in files:
            with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as reader:
                facts += json.loads(reader.schema.metadata[b"facts"])
                for batch in reader:
                    if batch.num_rows:
                        writer.write_batch(batch.replace_schema_metadata(None))
    return facts


class ImageStore:
    """A packed set, read-only and memory-mapped: `len`, `column`, `encoded`, `image`. Safe to share among threads."""

    def __init__(self, path: Path | str):
        if not Path(path).is_file():
            raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it")
        self.path = Path(path)
        self._table = pa.ipc.open_stream(pa.memory_map(str(path))).read_all()
        chunks = self._table["image"].chunks
        self._starts = np.cumsum([0, *(len(chunk) for chunk in chunks)])
        self._chunks = [_views(chunk) for chunk in chunks]

    def __len__(self) -> int:
        return self._table.num_rows

    def column(self, name: str) -> list | np.ndarray:
        """Return a column: numbers as an array (N,), text as a list (N,) of str or None."""
        column = self._table[name]
        return column.to_pylist() if pa.types.is_string(column.type) else column.to_numpy()

    def encoded(self, row: int) -> np.ndarray:
        """Return the JPEG bytes of `row` as uint8, not copied."""
        chunk = int(np.searchsorted(self._starts, row, side="right")) - 1
        offsets, data = self._chunks[chunk]
        start = row - self._starts[chunk]
        return data[offsets[start] : offsets[start + 1]]

    def image(self, row: int) -> np.ndarray:
        """Return the pixels of `row`, uint8 (H, W, 3) RGB."""
        return decode_jpeg(self.encoded(row))


def _views(chunk: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    _, offsets, data = chunk.buffers()
    return np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1], np.frombuffer(data, np.uint8)
