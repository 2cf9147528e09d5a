"""Letters in pictures: drawn by a font that has them, as their code points where none has, and never as boxes."""

import warnings

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from competition.common import fonts
from competition.common.fonts import draw_text, drawable, families, lacking, width_of
from competition.common.image_grid import shortened, wrapped
from competition.leaderboard.learning_curves import draw_curves

SCRIPTS = {
    "Korean": "영수증",
    "Chinese": "发票",
    "Japanese": "領収書カナ",
    "Thai": "ใบเสร็จ",
    "emoji": "🧾",
    "Hindi": "रसीद",
}
HAVE = ("invoice", "Überweisung", "Счёт", "τιμολόγιο", "فاتورة")  # in the fonts that come with Pillow and matplotlib


def write_font(path, letters: str) -> str:
    """Write a font whose letters are blocks that grow, and return its path."""
    names = {ord(letter): f"u{ord(letter):x}" for letter in letters}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    glyphs = {}
    for number, name in enumerate([".notdef", *names.values()]):
        pen = TTGlyphPen(None)
        corners = [(0, 0), (0, 100 + 50 * number), (800, 100 + 50 * number), (800, 0)]
        pen.moveTo(corners[0])
        for corner in corners[1:]:
            pen.lineTo(corner)
        pen.closePath()
        glyphs[name] = pen.glyph()
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (1000, 0) for name in glyphs})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Blocks", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return str(path)


def forget() -> None:
    for function in (fonts._files, fonts._file_of, fonts._has, fonts._font):
        function.cache_clear()


@pytest.fixture(autouse=True)
def shipped(monkeypatch):
    """Whatever this machine has, there are only the fonts that matplotlib ships."""
    manager = font_manager.fontManager
    monkeypatch.setattr(manager, "ttflist", [one for one in manager.ttflist if "mpl-data" in one.fname])
    forget()
    yield
    forget()


@pytest.fixture
def blocks(tmp_path):
    """Return the path of a font for all of SCRIPTS that the machine has."""
    path = write_font(tmp_path / "blocks.ttf", "".join(sorted({*"".join(SCRIPTS.values())})))
    font_manager.fontManager.addfont(path)
    forget()
    return path


def drawn(text: str, size: int = 16, anchor: str = "la") -> np.ndarray:
    image = Image.new("RGB", (400, 60), "white")
    draw_text(ImageDraw.Draw(image), (200, 30) if anchor == "mm" else (5, 20), text, size, anchor)
    return np.asarray(image)


@pytest.mark.parametrize("anchor", ["la", "lm", "mm"])
@pytest.mark.parametrize("text", ["a plain text", "two\nlines, g", "7|12 -> {x}"])
def test_plain_text_is_drawn_as_pillow_does(text, anchor):
    image = Image.new("RGB", (400, 60), "white")
    place = (200, 30) if anchor == "mm" else (5, 20)
    ImageDraw.Draw(image).text(place, text, "black", ImageFont.load_default(16), anchor=anchor)
    assert (drawn(text, anchor=anchor) == np.asarray(image)).all()
    assert drawable(text) == text and width_of("abc", 16) == ImageFont.load_default(16).getlength("abc")


@pytest.mark.parametrize("text", HAVE)
def test_letters_that_are_always_there(text):
    assert drawable(text) == text and not lacking([text]) and (drawn(text) < 128).any()


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_without_a_font_code_points_stand_there(text):
    escaped = text.encode("unicode_escape").decode()
    assert drawable(f"7 {text}") == f"7 {escaped}" and lacking(["a", text]) == [text]
    assert (drawn(text) == drawn(escaped)).all()


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_with_a_font_the_letters_stand_there(blocks, text):
    assert drawable(text) == text and not lacking([text]) and families([text])[-1] == "Blocks"
    assert width_of(f"ab{text}", 20) == pytest.approx(
        width_of("ab", 20) + ImageFont.truetype(blocks, 20).getlength(text)
    )
    image = Image.new("RGB", (400, 60), "white")
    ascent = ImageFont.load_default(16).getmetrics()[0]
    ImageDraw.Draw(image).text((5, 20 + ascent), text, "black", ImageFont.truetype(blocks, 16), anchor="ls")
    assert (drawn(text) == np.asarray(image)).all()


def test_what_nobody_sees_is_left_out_and_letters_are_composed(blocks):
    assert drawable("a\u200bb\ufe0f") == "ab" and drawable("영") == "영"
    assert drawable("a\x07b") == "a\\x07b"


def test_no_font_of_boxes_is_taken(tmp_path):
    path = write_font(tmp_path / "LastResort.ttf", SCRIPTS["Korean"])
    font_manager.fontManager.addfont(path)
    forget()
    assert lacking([SCRIPTS["Korean"]])


@pytest.mark.parametrize("text", [*HAVE, *SCRIPTS.values(), "a_very_long_word_without_end" * 3, "two words"])
def test_texts_that_fit(text):
    lines = wrapped(text, 14, 160).split("\n")
    assert all(width_of(line, 14) <= 160 for line in lines)
    assert "".join(lines).replace(" ", "") == drawable(text).replace("_", "").replace(" ", "")
    assert width_of(shortened(text * 9, 13, 220), 13) <= 220


@pytest.mark.parametrize("text", [*HAVE, *SCRIPTS.values()])
def test_no_warning_of_matplotlib(tmp_path, text):
    history = tmp_path / "history.csv"
    history.write_text("epoch,loss,clean,test_like,kept\n1,0.5,0.5,0.4,1\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_curves({0: history}, tmp_path / "member.png", f"{text} score")
    assert (tmp_path / "member.png").stat().st_size > 10_000
