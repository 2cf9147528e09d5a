"""Fake text: invented names, addresses, numbers and dates: nobody's data."""

import numpy as np

from competition.sample.randomness import chance, pick

SYLLABLES = (
    "ba be bo da do dun el fa fen ga gor ha hin il ja jor ka kel lan lo lum ma mer mi na nor o pa pel ra ren ri ro sa "
    "sel so ta ten ti tor u va ven wo ya zen"
).split()


def word(rng: np.random.Generator, low: int = 2, high: int = 3) -> str:
    """A made-up word of `low` to `high` syllables, in lower case."""
    return "".join(pick(rng, SYLLABLES) for _ in range(rng.integers(low, high + 1)))


def name(rng: np.random.Generator) -> str:
    """A made-up first and last name."""
    return f"{word(rng).title()} {word(rng, 1, 2).title()}"


def sentence(rng: np.random.Generator, count: int) -> str:
    """`count` made-up words, some followed by a comma or a full stop."""
    ends = ("", "", "", "", ",", ".")
    return " ".join(word(rng, 1, 4) + pick(rng, ends) for _ in range(count))


def address(rng: np.random.Generator) -> str:
    """A made-up street address on one line."""
    return f"{rng.integers(1, 400)}, {word(rng).title()}-ro, {word(rng).title()} {digits(rng, 5)}"


def digits(rng: np.random.Generator, count: int) -> str:
    """`count` random digits."""
    return "".join(str(d) for d in rng.integers(0, 10, count))


def number(rng: np.random.Generator, pattern: str) -> str:
    """`pattern` with every # replaced by a digit and every @ by a capital letter."""
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    swap = {"#": lambda: digits(rng, 1), "@": lambda: pick(rng, letters)}
    return "".join(swap[c]() if c in swap else c for c in pattern)


def date(rng: np.random.Generator) -> str:
    """A date between 1960 and 2025, written in one of four ways."""
    year, month, day = rng.integers(1960, 2026), rng.integers(1, 13), rng.integers(1, 29)
    form = pick(rng, ("{}-{:02}-{:02}", "{}.{:02}.{:02}", "{}/{:02}/{:02}", "{}. {}. {}."))
    return form.format(year, month, day)


def amount(rng: np.random.Generator) -> str:
    """An amount of money with thousands separators, at times 0."""
    return "0" if chance(rng, 0.15) else f"{int(10 ** rng.uniform(2.5, 5.8)) * 10:,}"


def institution(rng: np.random.Generator, kind: str) -> str:
    """A made-up institution, such as 'Lumbaro Hospital'."""
    return f"{word(rng).title()} {kind}"
