"""Fonts for pictures: each letter in one that has it, among those of this machine; else as its code point, never a box.

Pillow's own font comes first (its letters are Latin), then matplotlib's DejaVu Sans (Greek, Cyrillic, Arabic), then
what the machine has for Korean, Chinese, Japanese and the rest. Fonts are looked for only when a text needs them.
"""

from collections.abc import Iterable
from functools import cache

from PIL import ImageDraw, ImageFont

from competition.common.errors import examples
from competition.common.names import composed, is_unseen

PREFERRED = (  # by how their files are called: of systems, and of free packages
    "dejavusans",
    "notosanscjk",
    "notosanskr",
    "notosansjp",
    "notosanssc",
    "nanumgothic",
    "malgun",
    "applesdgothic",
    "msyh",
    "pingfang",
    "hiragino",
    "yugoth",
    "meiryo",
    "simhei",
    "wqy",
    "arial unicode",
    "notosansarabic",
    "notosans",
    "notoemoji",
    "seguiemj",
    "seguisym",
    "symbola",
)
UNFIT = ("lastresort", "adobeblank", "notocoloremoji", "apple color emoji")  # boxes for every letter; bitmaps
STYLES = ("bold", "italic", "oblique", "light", "thin", "black", "heavy", "medium", "condensed", "narrow", "mono")
SIZE_LOOKED_AT = 12  # pixels
SPACING = 4  # pixels between lines, as Pillow has it


@cache
def _files() -> tuple[str, ...]:
    """Return the machine's fonts and matplotlib's, the likeliest first."""
    from matplotlib.font_manager import fontManager  # takes a while

    def place(file: str) -> tuple[int, bool, str]:
        name = file.replace("\\", "/").rpartition("/")[2].lower()
        rank = next((at for at, start in enumerate(PREFERRED) if name.startswith(start)), len(PREFERRED))
        return rank, any(style in name for style in STYLES), name

    return tuple(sorted(dict.fromkeys(entry.fname for entry in fontManager.ttflist if _is_fit(entry.fname)), key=place))


def _is_fit(file: str) -> bool:
    return not any(name in file.lower() for name in UNFIT)


@cache
def _default(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


@cache
def _font(file: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size)


@cache
def _letters_of_default() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(_default(SIZE_LOOKED_AT).path).get_charmap())


@cache
def _has(file: str, mark: str) -> bool:
    from matplotlib.ft2font import FT2Font

    try:
        _font(file, SIZE_LOOKED_AT)
        return FT2Font(file).get_char_index(ord(mark)) > 0
    except (OSError, RuntimeError):  # of a kind that can't be opened, such as bitmaps of one size
        return False


@cache
def _file_of(mark: str) -> str | None:
    """Return the first font file that has the letter; None if none has."""
    return next((file for file in _files() if _has(file, mark)), None)


def _is_plain(mark: str) -> bool:
    return mark.isascii() and mark.isprintable()


def _has_font(mark: str) -> bool:
    return _is_plain(mark) or (
        mark.isprintable() and (ord(mark) in _letters_of_default() or _file_of(mark) is not None)
    )


def drawable(text: str) -> str:
    """Return `text` with each letter that no font has as its code point: \\uc601."""
    if all(map(_is_plain, text)):
        return text
    shown = (mark for mark in composed(text) if not is_unseen(mark))
    return "".join(
        mark if mark == "\n" or _has_font(mark) else mark.encode("unicode_escape").decode() for mark in shown
    )


def lacking(texts: Iterable[str]) -> list[str]:
    """Return those of `texts` that have letters that no font of this machine has."""
    return [text for text in texts if not all(_has_font(mark) or is_unseen(mark) for mark in composed(text))]


def letters_note(texts: Iterable[str]) -> str:
    """Return what to do where no font has all letters of some of `texts`; "" where fonts have them."""
    if not (without := lacking(texts)):
        return ""
    return (
        f"no font here has all letters of {examples(without)}; they are shown as {drawable(without[0])}. Install a "
        "font that has them, such as Noto Sans CJK (apt-get install fonts-noto-cjk)"
    )


def width_of(text: str, size: int) -> float:
    """Return how wide a line of `text` is in pixels, at a font size of `size` pixels."""
    return sum(font.getlength(part) for part, font in _runs(text, size))


def draw_text(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, anchor: str = "la", fill: str = "black"
) -> None:
    """Draw lines of `text` at `place`, as Pillow does where its own font has them. anchor: "la", "lm" or "mm"."""
    default = _default(size)
    lines = [_runs(line, size) for line in text.split("\n")]
    if all(font is default for runs in lines for _, font in runs):
        draw.text(place, "\n".join("".join(part for part, _ in runs) for runs in lines), fill, default, anchor=anchor)
        return
    ascent, descent = default.getmetrics()
    step = ascent + descent + SPACING
    top = place[1] - (step * len(lines) - SPACING) / 2 if anchor[1] == "m" else place[1]
    for number, runs in enumerate(lines):
        left = place[0] - sum(font.getlength(part) for part, font in runs) / 2 if anchor[0] == "m" else place[0]
        for part, font in runs:
            draw.text((left, top + number * step + ascent), part, fill, font, anchor="ls")
            left += font.getlength(part)


def _runs(line: str, size: int) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """Return the line in parts, each with the font that has its letters."""
    runs: list[tuple[str, str | None]] = []
    for mark in drawable(line):
        before = runs[-1][1] if runs else None
        if before is not None and (mark == " " or (not _is_plain(mark) and _has(before, mark))):
            file = before
        else:
            file = None if _is_plain(mark) or ord(mark) in _letters_of_default() else _file_of(mark)
        if runs and runs[-1][1] == file:
            runs[-1] = (runs[-1][0] + mark, file)
        else:
            runs.append((mark, file))
    return [(part, _default(size) if file is None else _font(file, size)) for part, file in runs]


def families(texts: Iterable[str]) -> list[str]:
    """Return matplotlib's names of the fonts that `drawable` texts need, DejaVu Sans first: rcParams["font.family"]."""
    marks = sorted({mark for text in texts for mark in text if not _is_plain(mark)})
    if not marks:
        return ["DejaVu Sans"]
    from matplotlib.font_manager import fontManager

    files = {_file_of(mark) for mark in marks}
    needed = (entry.name for entry in fontManager.ttflist if entry.fname in files)
    return list(dict.fromkeys(["DejaVu Sans", *needed]))
