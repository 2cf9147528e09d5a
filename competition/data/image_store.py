"""Image store: one Arrow file per set, memory-mapped.

The file is an Arrow IPC stream, so `datasets.Dataset.from_file` reads it too. `packing` makes it in parts.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from competition.common.files import replace_file
from competition.data.images import THUMBNAIL, decode_jpeg
from competition.data.orientations import ORIENTATIONS

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
        "thumbnail": pa.binary(),
        "image": pa.binary(),
    }
)

# columns of the sets that have them: where the page's corners lie, x and y in shares of the sides, clockwise; the
# probability of each orientation
OPTIONAL = {"corners": pa.list_(pa.float32(), 8), "orientations": pa.list_(pa.float32(), ORIENTATIONS)}

Rows = list[dict]
Facts = list[dict]


def write_rows(path: Path | str, rows: Rows, facts: Facts = ()) -> None:
    """Write `rows` (dicts with SCHEMA's and OPTIONAL's keys; what is missing is null) and `facts` (JSON) as one Arrow
    file. An optional column is written if the first row has it.
    """
    schema = SCHEMA
    for name, of in OPTIONAL.items():
        if rows and name in rows[0]:
            schema = schema.append(pa.field(name, of))
    schema = schema.with_metadata({"facts": json.dumps(list(facts))})
    with (
        replace_file(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_stream(sink, schema) as writer,
    ):
        writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))


class ImageStore:
    """A packed set, read-only and memory-mapped: `len`, `column`, `encoded`, `image`. Safe to share among threads.

    With `behind`, several sets as one: the rows of `path`, then theirs.
    """

    def __init__(self, path: Path | str, *behind: Path | str):
        for file in (path, *behind):
            if not Path(file).is_file():
                raise FileNotFoundError(f"{file}: not found; `dvc repro` makes it")
        self.path = Path(path)
        self._table = pa.concat_tables(
            [pa.ipc.open_stream(pa.memory_map(str(file))).read_all() for file in (path, *behind)]
        )
        self._starts = np.cumsum([0, *(len(chunk) for chunk in self._table["image"].chunks)])
        self._chunks = {
            name: [_offsets_and_bytes(chunk) for chunk in self._table[name].chunks] for name in ("image", "thumbnail")
        }

    def __len__(self) -> int:
        return self._table.num_rows

    def column(self, name: str) -> list | np.ndarray:
        """Return a column: numbers as an array (N,), text as a list (N,) of str or None."""
        column = self._table[name]
        return column.to_pylist() if pa.types.is_string(column.type) else column.to_numpy()

    def optional(self, name: str) -> np.ndarray | None:
        """Return one of OPTIONAL's columns, float32 (N, ...); None if this set doesn't have it."""
        if name not in self._table.column_names:
            return None
        values = self._table[name].combine_chunks()
        return values.flatten().to_numpy().reshape(len(self), OPTIONAL[name].list_size)

    def orientations(self, rows: np.ndarray) -> np.ndarray | None:
        """Return how likely each orientation of the images `rows` (R,) is upright, float32 (R, 8); None if nobody
        turned them upright.
        """
        found = self.optional("orientations")
        return None if found is None else found[rows]

    def encoded(self, row: int) -> np.ndarray:
        """Return the JPEG bytes of `row` as uint8, not copied."""
        return self._bytes("image", row)

    def thumbnail(self, row: int) -> np.ndarray:
        """Return the grey thumbnail of `row`, uint8 (THUMBNAIL, THUMBNAIL), not copied; only in `prepare`'s sets."""
        return self._bytes("thumbnail", row).reshape(THUMBNAIL, THUMBNAIL)

    def image(self, row: int) -> np.ndarray:
        """Return the pixels of `row`, uint8 (H, W, 3) RGB."""
        return decode_jpeg(self.encoded(row))

    def _bytes(self, name: str, row: int) -> np.ndarray:
        chunk = int(np.searchsorted(self._starts, row, side="right")) - 1
        offsets, data = self._chunks[name][chunk]
        start = row - self._starts[chunk]
        return data[offsets[start] : offsets[start + 1]]


class StoredThumbnails:
    """Thumbnails of `stores`, one store after the other, read on demand: an array of rows gives uint8 (P, S, S)."""

    def __init__(self, *stores: ImageStore):
        self._stores = stores
        self._starts = np.cumsum([0, *map(len, stores)])

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        which = np.searchsorted(self._starts, rows, side="right") - 1
        found = [self._stores[k].thumbnail(row) for k, row in zip(which, rows - self._starts[which], strict=True)]
        return np.stack(found) if found else np.empty((0, THUMBNAIL, THUMBNAIL), np.uint8)

    def image(self, row: int) -> np.ndarray:
        """Return the image that the thumbnail `row` is of, uint8 (H, W, 3) RGB."""
        which = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._stores[which].image(row - int(self._starts[which]))


def _offsets_and_bytes(chunk: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    _, offsets, data = chunk.buffers()
    return np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1], np.frombuffer(
        data or b"", np.uint8
    )
