"""Labels and image lists in JSON of COCO's form: lists of images, annotations and categories under any keys.

Keys are found by what stands under them: image files, numbers of images, numbers of categories.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from competition.data.adopt.cells import MISSING
from competition.data.adopt.image_index import ImageIndex
from competition.data.adopt.named_files import NamedImages

PROBED = 300
FEW = 0.5
IMAGE_HINTS = ("image", "img", "picture", "photo", "file")
LABEL_HINTS = ("categ", "class", "label", "species", "kind")


@dataclass(frozen=True)
class JsonImages:
    """Images of a JSON file, with their labels where it has annotations."""

    name: str  # relative path
    images: NamedImages  # by the image's number
    labels_of: dict[str, tuple[str, ...]] | None  # number -> different categories, in the order of their first mention
    names: dict[str, str]  # category -> readable name
    beside: dict[str, dict[str, object]] = field(default_factory=dict)  # number -> the image's other fields


def read_json_images(name: str, content: object, index: ImageIndex) -> JsonImages | None:
    """Return what the JSON file `name` says of images; None where it lists none that are there."""
    lists = {key: rows for key, rows in content.items() if _is_rows(rows)} if isinstance(content, dict) else {}
    for key, rows in lists.items():
        if (file_key := _file_key(rows, index)) is None:
            continue
        number_key = _unique_key(rows, exclude=file_key)
        numbers = [str(row.get(number_key or file_key, "")) for row in rows]
        images = {number: str(row.get(file_key, "")) for number, row in zip(numbers, rows, strict=True)}
        rest = {other: entries for other, entries in lists.items() if other != key}
        beside = dict(zip(numbers, rows, strict=True))
        return JsonImages(name, NamedImages(name, images), *_labels(rest, rows, file_key, numbers), beside)
    return None


def _labels(
    lists: dict[str, list[dict]], images: list[dict], file_key: str, numbers: list[str]
) -> tuple[dict[str, tuple[str, ...]] | None, dict[str, str]]:
    known = set(numbers)
    for key, rows in lists.items():
        image_key = _referring(rows, known, IMAGE_HINTS)
        if image_key is None:
            continue
        for other, categories in lists.items():
            category_number = _unique_key(categories) if other != key else None
            if category_number is None:
                continue
            names = {str(row[category_number]): _name(row, category_number) for row in categories}
            label_key = _referring(rows, set(names), LABEL_HINTS, exclude=image_key, gaps=True)
            if label_key is not None:
                return _grouped(rows, image_key, label_key, numbers), names
        if named := [field for field in _fields(rows) if any(hint in field.lower() for hint in LABEL_HINTS)]:
            return _grouped(rows, image_key, named[0], numbers), {}
    return None, {}


def _grouped(rows: list[dict], image_key: str, label_key: str, numbers: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {number: {} for number in numbers}
    for row in rows:
        if label := _text(row.get(label_key)):
            found[str(row[image_key])][label] = None
    return {number: tuple(labels) for number, labels in found.items()}


def _is_rows(rows: object) -> bool:
    return isinstance(rows, list) and len(rows) > 0 and all(isinstance(row, dict) for row in rows)


def _file_key(rows: list[dict], index: ImageIndex) -> str | None:
    """Return the field that names image files."""
    shares = {}
    for key in rows[0]:
        values = [row.get(key) for row in rows[:PROBED]]
        if all(isinstance(value, str) for value in values):
            shares[key] = sum(bool(index.candidates(value)) for value in values) / len(values)
    best = max(shares, key=shares.__getitem__, default=None)
    return best if best is not None and shares[best] >= FEW else None


def _unique_key(rows: list[dict], exclude: str | None = None) -> str | None:
    """Return the field whose values are all different: `id` first, then what ends in it, then any number or text."""
    fields = [field for field in rows[0] if field != exclude and _all_different(rows, field)]
    preferred = sorted(fields, key=lambda field: (field.lower() != "id", not field.lower().endswith("id")))
    return preferred[0] if preferred else None


def _all_different(rows: list[dict], field: str) -> bool:
    values = [row.get(field) for row in rows]
    return all(isinstance(value, int | str) for value in values) and len(set(values)) == len(values)


def _fields(rows: list[dict]) -> list[str]:
    return list(dict.fromkeys(field for row in rows for field in row))


def _text(value: object) -> str:
    """Return a value as text, "" for what says nothing."""
    return "" if value is None or str(value) in MISSING else str(value)


def _referring(
    rows: list[dict], known: set[str], hints: Iterable[str], exclude: str | None = None, gaps: bool = False
) -> str | None:
    """Return the field all of whose values are in `known`: one whose name has a hint first, `id` last.

    gaps: rows may lack it, where its name has a hint.
    """

    def hinted(field: str) -> bool:
        return any(hint in field.lower() for hint in hints)

    def refers(field: str) -> bool:
        values = [row.get(field) for row in rows]
        values = [value for value in values if _text(value)] if gaps and hinted(field) else values
        return bool(values) and all(isinstance(value, int | str) and str(value) in known for value in values)

    fields = [field for field in _fields(rows) if field != exclude and refers(field)]
    return min(fields, key=lambda field: (not hinted(field), field.lower() == "id"), default=None)


def _name(row: dict, number_key: str) -> str:
    texts = {field: value for field, value in row.items() if field != number_key and isinstance(value, str)}
    named = next((value for field, value in texts.items() if "name" in field.lower()), None)
    return named or next(iter(texts.values()), str(row[number_key]))
