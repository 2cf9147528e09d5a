"""Names as systems, spreadsheets and people write them: usable ones, ones spelled in two ways, cells, litter."""

import unicodedata


def nfd(name: str) -> str:
    return unicodedata.normalize("NFD", name)


USABLE = (  # stems of files, and classes: to be taken as they are
    "Screenshot 2026-11-28 at 3.04.05\u202fPM",  # every Mac's
    "page\u00a07",
    "ページ\u3000一",
    "👩\u200d💻 desk",
    "❤\ufe0f",
    "영수증",
    nfd("영수증 사본"),
    "Überweisung",
    nfd("Überweisung zwei"),
    "счёт",
    "فاتورة",
    "می\u200cخواهم",  # a non-joiner is part of the spelling
    "a,b;c",
    'a "quoted" one',
    "it's",
    "=1+1",
    "+49 30",
    "-x",
    "@home",
    "NA",
    "null",
    "None",
    "nan",
    "007",
    "1e5",
    "True",
    "no",
    "~",
    "12:30",
    "2026-11-28",
    "#1",
    "a&b",
    "100%",
    "$HOME",
    "`id`",
    "{x}",
    "[1]",
    "CON",
    "x" * 100,
)
REFUSED = ("a\nb", "a\rb", "a\tb", "a\0b", "a\x7fb", "a\x1bb", "a\x85b", "a\udcffb", "a\ud800")

SPELLINGS = (  # as a table has the name, as the file is called
    ("Überweisung", nfd("Überweisung")),
    (nfd("영수증"), "영수증"),
    ("shot at 3.04 PM", "shot at 3.04\u202fPM"),
    ("page 7", "page\u00a07"),
    ("ページ 一", "ページ\u3000一"),
    ("❤", "❤\ufe0f"),
    ("\u200eleft.right", "left.right"),
    ("e\u0301te\u0301 7", "été\u00a07"),
)
LITTER = (
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "._page.jpg",
    "__MACOSX/._page.jpg",
    "__MACOSX/page.jpg",
    ".ipynb_checkpoints/page-checkpoint.jpg",
    "@eaDir/page.jpg/SYNOPHOTO_THUMB_M.jpg",
    ".Trashes/501",
    ".nfs000001",
    "~$labels.xlsx",
    ".~lock.labels.csv#",
)
