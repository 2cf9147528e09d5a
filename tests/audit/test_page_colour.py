"""Colour tells pages apart that are one in grey: papers, inks, stripes; and what a scanner does to one page doesn't."""

import cv2
import numpy as np
import pandas as pd
import pytest
from makers.pages import PAGES, page, saved

from competition.audit.duplicates import find_duplicates
from competition.audit.page_colour import colour_grid, colours_differ, is_grey
from competition.data.images import thumbnail
from competition.data.letterbox import resize
from competition.data.orientations import ORIENTATIONS, oriented_image
from competition.folds.split import check_learnable, joined_groups, make_folds

COLOURS = {
    "white": (255, 255, 255),
    "pink": (255, 214, 224),
    "yellow": (255, 250, 200),
    "pale yellow": (255, 253, 228),
    "blue": (210, 228, 255),
    "green": (215, 245, 215),
}
INKS = {"black": (0, 0, 0), "red": (220, 40, 40), "blue": (40, 60, 200), "green": (30, 140, 60)}


def on_paper(image, colour):
    return (image.astype(np.float32) * np.array(colour) / 255).astype(np.uint8)


def in_ink(image, colour):
    share = image.astype(np.float32) / 255
    return (share * 255 + (1 - share) * np.array(colour)).astype(np.uint8)


def with_stripe(image, colour, share=1 / 12):
    striped, height = image.copy(), round(len(image) * share)
    striped[:height] = on_paper(image[:height], colour)
    return striped


def grey(image):
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def cut(image, share):
    rows, columns = round(image.shape[0] * share), round(image.shape[1] * share)
    return np.ascontiguousarray(image[rows : image.shape[0] - rows, columns : image.shape[1] - columns])


MADE = {
    **{f"{name} paper": lambda image, colour=colour: on_paper(image, colour) for name, colour in COLOURS.items()},
    **{f"{name} ink": lambda image, colour=colour: in_ink(image, colour) for name, colour in INKS.items()},
    **{f"{name} stripe": lambda image, colour=colour: with_stripe(image, colour) for name, colour in INKS.items()},
}
CHANGES = {
    "jpeg 30": lambda image: saved(image, 30),
    "half": lambda image: saved(resize(image, image.shape[0] // 2, image.shape[1] // 2), 40),
    "darker": lambda image: saved((image * 0.9).astype(np.uint8)),
    "cut": lambda image: saved(cut(image, 0.02)),
    "warmer": lambda image: on_paper(image, (255, 250, 244)),
    **{
        f"orientation {number}": lambda image, number=number: np.ascontiguousarray(
            oriented_image(image, number) if number else image
        )
        for number in range(ORIENTATIONS)
    },
}


def table_of(images, targets):
    facts = [
        {"set": "train", "ID": f"{row}", "target": target, "content": f"{row}"} for row, target in enumerate(targets)
    ]
    thumbnails = np.stack([thumbnail(image) for image in images])
    return find_duplicates(facts, thumbnails, 0.95, 1, images.__getitem__).table


@pytest.mark.parametrize("kind", ["paper", "ink", "stripe"])
def test_colours_of_one_kind_are_told_apart(kind):
    made = {name: make for name, make in MADE.items() if name.endswith(kind)}
    for image in PAGES[::7]:
        grids = [colour_grid(make(image)) for make in made.values()]
        alike = {
            (one, other)
            for one in range(len(grids))
            for other in range(one)
            if not colours_differ(grids[one], grids[other])
        }
        assert not alike, [[list(made)[place] for place in pair] for pair in alike]


@pytest.mark.parametrize("change", CHANGES)
def test_one_page_keeps_its_colour(change):
    for name, make in MADE.items():
        for image in PAGES[::7]:
            grids = colour_grid(make(image)), colour_grid(CHANGES[change](make(image)))
            assert not colours_differ(*grids), name


def test_grey():
    assert is_grey(colour_grid(PAGES[0])) and is_grey(colour_grid(saved(grey(MADE["pink paper"](PAGES[0])), 30)))
    coloured = [make for name, make in MADE.items() if name not in ("white paper", "black ink", "black stripe")]
    assert not any(is_grey(colour_grid(make(PAGES[0]))) for make in coloured)


def test_duplicates_and_colours():
    pink = MADE["pink paper"](PAGES[0])
    images = [PAGES[0], pink, saved(pink, 40), MADE["yellow paper"](PAGES[0]), saved(grey(pink)), saved(PAGES[0], 40)]
    found = table_of(images, ["a", "b", "b", "c", "b", "a"])
    pairs = set(zip(found["ID"], found["other_ID"], strict=True))
    # white with its copies, whatever their class; pink with its copy, and with what a copier made of it
    assert pairs == {("1", "2"), ("1", "4"), ("2", "4"), ("0", "4"), ("0", "5"), ("4", "5")}


def test_a_form_on_three_papers_can_be_split():
    """Its blank copies are one group for each colour, not one for all; another page of each class makes two folds."""
    papers = [MADE[f"{name} paper"] for name in ("white", "pink", "yellow")]
    images = [saved(paper(PAGES[0]), quality) for paper in papers for quality in (90, 60, 40)]
    images += [paper(page(100 + number, number)) for number, paper in enumerate(papers)]
    targets = [*"aaabbbccc", *"abc"]
    pairs = table_of(images, targets)
    ids = [str(row) for row in range(len(images))]
    groups = joined_groups(ids, zip(pairs["ID"], pairs["other_ID"], strict=True), [None] * len(ids))
    assert groups.tolist() == ["0"] * 3 + ["3"] * 3 + ["6"] * 3 + ["9", "10", "11"]
    folds = make_folds(ids, targets, groups.tolist(), 2, 0)
    check_learnable(pd.DataFrame({"ID": ids, "target": targets, "fold": folds, "group": groups}), (0, 1))


def test_what_ends_the_split_names_the_setting():
    with pytest.raises(ValueError, match=r"2 folds of 1 groups.*prepare\.near_duplicate_similarity.*split\.folds"):
        make_folds(["1", "2"], ["a", "b"], ["g", "g"], 2, 0)
