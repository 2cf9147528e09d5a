"""Who turns which picture upright, and what is left of unlikely orientations."""

from pathlib import Path

import numpy as np
import pytest

from competition.common import paths
from competition.settings.upright import UprightSettings
from competition.upright import straighten
from competition.upright.errors import Errors
from competition.upright.geometry import UNIT_SQUARE, whole
from competition.upright.page import FoundPage, upright_square
from competition.upright.straighten import FACTS, FoldStraightener, open_straightener, save_straightener

PICTURE = np.random.default_rng(0).integers(0, 255, (32, 24, 3)).astype(np.uint8)
PROBABILITIES = np.array([0.02, 0.6, 0.03, 0.0, 0.3, 0.02, 0.02, 0.01])
PLACES = UNIT_SQUARE[None]  # where corners were found: right


@pytest.fixture
def asked(monkeypatch):
    """Weights files that were asked, and for how many pictures."""
    found = []

    def loaded(weights, settings, temperature):
        class Finder:
            def find(self, pictures, fill):
                found.append(([path.name for path, _ in weights], len(pictures)))
                return [FoundPage(whole(picture), PROBABILITIES) for picture in pictures]

        return Finder()

    monkeypatch.setattr(straighten, "_loaded", loaded)
    return found


def made(
    folder: Path,
    folds: dict[str, int],
    least: float = 0.05,
    used: bool = True,
    count: int = 3,
    errors: np.ndarray = PROBABILITIES[None],
) -> Path:
    """Write what the stage leaves in `folder`: files that hold no real networks."""
    folder.mkdir(parents=True, exist_ok=True)
    for fold in range(count):
        (folder / f"{fold}.safetensors").write_bytes(bytes([fold]))
    settings = UprightSettings(use="on", least_probability=least)
    save_straightener(folder, used, settings, 1.5, folds, Errors(PLACES, errors))
    return folder


def test_a_training_image_is_seen_by_its_own_folds_networks_and_any_other_by_all(asked, tmp_path):
    folder = made(tmp_path, {"a": 2, "b": 0, "held_out": -1, "unscored": -2})
    ids = ["a", "b", "held_out", "a"]
    assert FoldStraightener(folder, out_of_fold=True)._folds(["unscored", "held_out"]).tolist() == [-1, -1]
    squares, orientations = FoldStraightener(folder, out_of_fold=True).squares([PICTURE] * 4, ids, 48, 255)
    everyone = [f"{fold}.safetensors" for fold in range(3)]
    assert sorted(asked) == [(["0.safetensors"], 1), (everyone, 1), (["2.safetensors"], 2)]
    assert [square.shape for square in squares] == [(48, 48, 3)] * 4 and orientations.shape == (4, 8)
    asked.clear()
    FoldStraightener(folder).squares([PICTURE] * 2, ["a", "new"], 48, 255)  # a test image may have any name
    assert asked == [(everyone, 2)]
    asked.clear()
    FoldStraightener(folder, most=1).squares([PICTURE] * 2, ["a", "new"], 48, 255)
    assert asked == [(everyone[:1], 2)]


def test_a_page_is_never_warped_by_networks_that_may_have_seen_it(asked, tmp_path):
    folder = made(tmp_path, {"a": 2, "b": 0}, count=2)  # stopped before the third fold's were there
    straightener = FoldStraightener(folder, out_of_fold=True)
    with pytest.raises(ValueError, match="no networks of fold 2; run `dvc repro` again"):
        straightener.squares([PICTURE], ["a"], 48, 255)
    with pytest.raises(ValueError, match="1 images are not of the split that its networks were trained by: c"):
        straightener.squares([PICTURE] * 2, ["b", "c"], 48, 255)


def test_unlikely_orientations_are_left_out_and_the_rest_sums_to_1(asked, tmp_path):
    def likely(name, least):
        folder = made(tmp_path / name, {}, least)
        return FoldStraightener(folder).squares([PICTURE], ["a"], 48, 255)[1][0]

    found = likely("some", 0.05)
    assert found.dtype == np.float32 and sorted(found[found > 0]) == pytest.approx([1 / 3, 2 / 3])
    assert found[0] == pytest.approx(2 / 3)
    assert sorted(likely("all", 0.0)) == pytest.approx(sorted(PROBABILITIES))
    assert likely("none", 0.9).tolist() == [1, 0, 0, 0, 0, 0, 0, 0]  # the likeliest stays


def test_a_copy_whose_corners_are_known_is_missed_and_no_network_asked(asked, tmp_path):
    straightener = FoldStraightener(made(tmp_path, {}), out_of_fold=True)
    corners = [whole(PICTURE), whole(PICTURE)[::-1]]
    squares, orientations = straightener.missed_squares([PICTURE] * 2, corners, ["a/train/0", "a/train/1"], 32, 255)
    assert not asked and orientations[0].tolist() == orientations[1].tolist()
    assert sorted(orientations[0][orientations[0] > 0]) == pytest.approx([1 / 3, 2 / 3])
    seen = upright_square(PICTURE, FoundPage(whole(PICTURE), PROBABILITIES), 32, 255)[0]
    assert (squares[0] == seen).all() and (squares[1] != seen).any()
    again, _ = straightener.missed_squares([PICTURE], corners[:1], ["a/train/0"], 32, 255)
    assert (again[0] == squares[0]).all()


def test_the_key_changes_with_weights_settings_and_folds(tmp_path):
    folder = made(tmp_path, {"a": 0})
    before = FoldStraightener(folder, True).key()
    assert before == FoldStraightener(folder, True).key() != FoldStraightener(folder).key()
    keys = {before}
    for change in (
        lambda: made(tmp_path, {"a": 1}),
        lambda: made(tmp_path, {"a": 1}, least=0.1),
        lambda: (folder / "0.safetensors").write_bytes(b"others"),
        lambda: made(tmp_path, {"a": 1}, least=0.1, errors=PROBABILITIES[None, ::-1]),
    ):
        change()
        keys.add(FoldStraightener(folder, True).key())
    assert len(keys) == 5


def test_pages_are_turned_upright_only_where_the_stage_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    on = UprightSettings(use="auto")
    assert open_straightener(UprightSettings()) is None
    with pytest.raises(FileNotFoundError, match=rf"folds/upright/{FACTS}: not found; `dvc repro` makes it"):
        open_straightener(on)
    made(paths.UPRIGHT, {}, used=False)
    assert open_straightener(on) is None
    made(paths.UPRIGHT, {})
    assert open_straightener(on, most=1) == FoldStraightener(paths.UPRIGHT.resolve(), most=1)
    assert open_straightener(UprightSettings()) is None  # switched off by hand


@pytest.mark.parametrize(("written", "read"), [(True, "on"), (False, "off"), ("on", "on"), ("auto", "auto")])
def test_yamls_on_and_off_are_words(written, read):
    assert UprightSettings(use=written).use == read
