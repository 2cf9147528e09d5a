"""Folders that hold images of the same names: the one that is meant, or a question, never other pictures."""

from pathlib import Path

import pytest
from makers.competitions.broken import IDS, TESTS, picture, sound
from makers.competitions.brought import brought
from PIL import Image

from competition.common.errors import ContractError
from competition.data.images import read_image

PARTS = {"train": IDS, "test": TESTS}


def others(source: Path, folder: str, part: str = "train", kind: str = "png") -> None:
    """Write other pictures, called as those of the part."""
    for n, id in enumerate(PARTS[part]):
        picture(source / folder / f"{id}.{kind}", 500 + n)


def smaller(source: Path, folder: str, part: str = "train", kind: str = "png") -> None:
    """Write the part's pictures again, half as large."""
    (source / folder).mkdir(parents=True)
    for id in PARTS[part]:
        Image.new("RGB", (8, 8)).save(source / part / f"{id}.png")  # what random pixels lose, plain ones keep
        Image.new("RGB", (4, 4)).save(source / folder / f"{id}.{kind}")


def same_pictures(source: Path, root: Path) -> bool:
    """Return whether what came is what lies in train/ and test/."""
    pairs = [(source / part / f"{id}.png", root / part / f"{id}.png") for part, ids in PARTS.items() for id in ids]
    return all((read_image(one) == read_image(other)).all() for one, other in pairs)


@pytest.mark.parametrize("kind", ["png", "jpg"])
@pytest.mark.parametrize("name", ["resized", "thumbs", "mask"])
def test_images_right_in_a_folder_are_meant_before_those_of_its_sub_folders(tmp_path, name, kind):
    source = sound(tmp_path / "download")
    for part in PARTS:
        others(source, f"{part}/{name}", part, kind)
    came, root, _ = brought(source)
    assert (came.train, came.test) == (12, 4) and same_pictures(source, root)
    told = brought(source, train_images="train", test_images="test")
    assert same_pictures(source, told[1])


@pytest.mark.parametrize("other", ["train_heat", "heat", "augmented", "train_masks"])
def test_a_folder_that_lacks_an_image_is_not_left_for_one_that_has_it(tmp_path, other):
    source = sound(tmp_path / "download")
    others(source, other)
    (source / "train/a03.png").unlink()
    asked = "images are in several folders: train, train_heat; name one of them with --train-images"
    lacks = rf"1 ID has no image under .*train: a03; copy them there.* \({other}: images of these names too\)"
    with pytest.raises(ContractError, match=asked if other == "train_heat" else lacks):
        brought(source)


def test_of_the_same_pictures_the_plainest_name_is_taken(tmp_path):
    source = sound(tmp_path / "download")
    smaller(source, "train_128", kind="jpg")
    came, root, _ = brought(source)
    assert read_image(root / "train/a00.png").shape == (8, 8, 3)
    said = "train images: train; train_128 has images of these names too (--train-images decides)"
    assert said in came.notes


def test_other_pictures_of_the_same_names_are_asked_about_even_in_another_format(tmp_path):
    source = sound(tmp_path / "download")
    others(source, "train_depth", kind="jpg")
    with pytest.raises(ContractError, match="the train images are in several folders: train, train_depth"):
        brought(source)
    assert same_pictures(source, brought(source, train_images="train")[1])


def test_folders_of_other_parts_with_the_same_numbers_are_not_spoken_of(tmp_path):
    source = sound(tmp_path / "download")
    others(source, "test")
    assert not any("of these names too" in note for note in brought(source)[0].notes)
