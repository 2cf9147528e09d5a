"""Which file an ID means: with folders or without, whatever is written behind the dots, and never outside."""

import os
import time

import pytest

from competition.data.image_files import ImageFolder, find_images, is_plain_name


def folder_of(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def found(root, *ids):
    images = ImageFolder(root)
    return [images.candidates(id) for id in ids]


def test_ids_with_folders(tmp_path):
    folder_of(tmp_path, "a/b/0001.jpg", "a/c/0001.jpg", "0001.png")
    assert found(tmp_path, "a/b/0001", "a/c/0001.jpg", "0001", "b/0001", "c/0001.JPG") == [
        ["a/b/0001.jpg"],
        ["a/c/0001.jpg"],
        ["0001.png"],
        ["a/b/0001.jpg"],
        ["a/c/0001.jpg"],
    ]
    assert found(tmp_path, "a/0001", "x/a/b/0001", "1", "a/b", "a/b/0002") == [[]] * 5


def test_plain_ids_of_images_in_any_sub_folder(tmp_path):
    folder_of(tmp_path, "5/d29.jpg", "7/e30.png", "7/deep/f31.jpg", "top.jpg", "7/top.jpg", ".hidden/g.jpg")
    folder_of(tmp_path, "__MACOSX/7/e30.png")
    assert found(tmp_path, "d29.jpg", "d29", "e30", "f31.jpg", "top") == [
        ["5/d29.jpg"],
        ["5/d29.jpg"],
        ["7/e30.png"],
        ["7/deep/f31.jpg"],
        ["top.jpg"],  # right there, before any other folder's
    ]
    assert found(tmp_path, "g", "5", "d29.png", "9.jpg") == [[]] * 4


def test_ids_full_of_dots_and_zeros(tmp_path):
    folder_of(tmp_path, "1.2.826.0.1.jpg", "1.2.826.0.2", "x/1.2.826.0.3.dcm", "007.npy", "7.npy", "a.jpg.png")
    assert found(tmp_path, "1.2.826.0.1", "1.2.826.0.2", "1.2.826.0.3", "007", "7", "a.jpg") == [
        ["1.2.826.0.1.jpg"],
        ["1.2.826.0.2"],
        ["x/1.2.826.0.3.dcm"],
        ["007.npy"],
        ["7.npy"],
        ["a.jpg.png"],
    ]
    assert found(tmp_path, "1.2.826.0", "1.2.826", "07") == [[]] * 3


def test_ids_written_from_the_folder_above(tmp_path):
    images = folder_of(tmp_path / "train", "a/1.jpg", "2.jpg", "train/3.jpg")
    assert found(images, "train/a/1", "train/2.jpg", "train/3") == [["a/1.jpg"], ["2.jpg"], ["train/3.jpg"]]


@pytest.mark.parametrize(
    "id", ["", ".", "..", "/a", "a/", "a//b", "../a", "a/../b", "a/..", "./a", "a\\b", "a\0b", "a\nb", "a/b\r"]
)
def test_what_leads_out_is_no_name(tmp_path, id):
    inside = folder_of(tmp_path, "a.jpg", "train/b.jpg") / "train"
    assert not is_plain_name(id) and found(inside, id, f"{id}.jpg"[: -len(".jpg")]) == [[], []]


def test_plain_names():
    assert all(map(is_plain_name, ("a", "a/b", "a.b/c..d", "...", "a b/ü", "C:")))


def test_several_folders_of_the_same_names(tmp_path):
    folder_of(tmp_path / "train", "a/1.jpg", "b/1.jpg", "c/2.jpg", "c/2.png", "3.jpg", "a/4.jpg", "a/5.jpg")
    problems = []
    images = find_images(tmp_path / "train", ["1", "2.jpg", "3", "4", "a/5"], problems)
    assert problems == [
        f"train.csv: 1 ID fits several images under {tmp_path}/train: 1 (a/1.jpg, b/1.jpg); keep one file, or write "
        "the folder into the ID"
    ]
    assert images["4"] == tmp_path / "train/a/4.jpg" and images["a/5"] == tmp_path / "train/a/5.jpg"
    problems = []
    find_images(tmp_path / "train", ["2"], problems)
    assert "2 (c/2.jpg, c/2.png); keep one file, or write the extension into the ID" in problems[0]


def test_both_parts_in_one_folder(tmp_path):
    images = ImageFolder(folder_of(tmp_path / "images", "Train_0.jpg", "Test_0.jpg"))
    problems = []
    assert find_images(images, ["Train_0"], problems, "labels.csv") == {"Train_0": tmp_path / "images/Train_0.jpg"}
    assert find_images(images, ["Test_0", "Test_1"], problems, "sample.csv") == {
        "Test_0": tmp_path / "images/Test_0.jpg"
    }
    assert problems == [
        f"sample.csv: 1 ID has no image under {tmp_path}/images: Test_1; copy them there, or remove the rows"
    ]


@pytest.mark.parametrize(
    "ids, why", [(["1", "20"], "the files' names have leading zeros"), (["0001", "ABC", "abd.JPG"], "capitals differ")]
)
def test_how_names_differ_is_said(tmp_path, ids, why):
    folder_of(tmp_path / "test", "0001.jpg", "x/0020.jpg", "abc.jpg", "ABD.jpg")
    problems = []
    find_images(tmp_path / "test", ids, problems)
    assert why in problems[0]


def test_an_image_that_two_ids_mean(tmp_path):
    folder_of(tmp_path / "test", "a.jpg")
    problems = []
    find_images(tmp_path / "test", ["a", "a.jpg"], problems)
    assert problems == [
        f"sample submission: 1 image under {tmp_path}/test has two IDs: a.jpg; keep one row for each image"
    ]


def test_links_are_followed_once(tmp_path):
    folder_of(tmp_path, "elsewhere/a.jpg", "train/b.jpg")
    (tmp_path / "train/more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/round").symlink_to(tmp_path / "train")
    assert ImageFolder(tmp_path / "train").names == ["b.jpg", "more/a.jpg"]


@pytest.mark.slow
def test_many_files_are_listed_once(tmp_path):
    for chain in range(20):
        (tmp_path / f"{chain}").mkdir()
        for n in range(500):
            os.close(os.open(tmp_path / f"{chain}/{chain:03}{n:05}.jpg", os.O_CREAT))
    began = time.monotonic()
    images = ImageFolder(tmp_path)
    hits = [images.candidates(f"{n // 500:03}{n % 500:05}") for n in range(10_000)]
    print(f"10,000 files listed and found in {time.monotonic() - began:.2f} s")
    assert all(len(hit) == 1 for hit in hits)
