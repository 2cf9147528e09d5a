"""Text files as people's programs save them: UTF-8 or UTF-16, with or without byte order mark; nothing is guessed."""

import codecs
from pathlib import Path

from competition.common.errors import ContractError

UTF_16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
CODE_PAGES = {"cp949": "Korean", "cp932": "Japanese", "gb18030": "Chinese", "cp1252": "Western European"}
SHOWN = 20  # characters
LOOKED_AT = 4096  # bytes
CELL_ENDS = (b"\n", b"\r", b",", b";", b"\t", b'"')


def read_text(path: Path | str, cure: str) -> tuple[str, str]:
    """Return a text file's contents without byte order mark, and its encoding: "utf-8-sig" or "utf-16".

    cure: what to do about another one, for the message. Raises FileNotFoundError; ContractError naming the line.
    """
    content = Path(path).read_bytes()
    encoding = _utf_16(content) or "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ContractError([f"{path}: {_wrong(content, error.start, encoding, cure)}"]) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ContractError([f"{path}: is not text (a NUL in line {line}); {cure}"])
    return text.lstrip("\ufeff"), "utf-8-sig" if encoding == "utf-8-sig" else "utf-16"


def _utf_16(content: bytes) -> str | None:
    """Return the kind of UTF-16 that the file is: by its mark, or by where the NULs of ASCII letters stand; else None.

    UTF-8 has no NUL. Without a mark a file is taken for UTF-16 where a tenth of its letters, or more, are ASCII.
    """
    for mark, encoding in UTF_16:
        if content.startswith(mark):
            return encoding
    start = content[:LOOKED_AT]
    high, low = start[1::2].count(0), start[::2].count(0)
    if max(high, low) < max(3, len(start) // 20, 4 * min(high, low)):
        return None
    return "utf-16-le" if high > low else "utf-16-be"


def _wrong(content: bytes, start: int, encoding: str, cure: str) -> str:
    """Return what the file isn't, where, the cure, and as what the odd cell could be read."""
    line = content[:start].count(b"\n")
    found = f"(byte 0x{content[start]:02x} in line {line + 1})"
    if encoding != "utf-8-sig":
        return f"is not UTF-16 text {found}; {cure}"
    begin = max(content.rfind(mark, 0, start) for mark in CELL_ENDS) + 1
    end = min((place for mark in CELL_ENDS if (place := content.find(mark, start)) >= 0), default=len(content))
    readings = []
    for page, script in CODE_PAGES.items():
        try:
            shown = content[begin:end].decode(page).strip()[:SHOWN]
        except UnicodeDecodeError:
            continue
        if shown.isprintable():
            readings.append(f"{shown} in {page} ({script})")
    reads = f"; it may be {' or '.join(readings)}" if readings else ""
    return f"is not UTF-8 text {found}; {cure}{reads}"
