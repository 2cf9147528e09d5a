"""A page as photographed: each transform against NumPy's, Pillow's or Albumentations' version of it, or a hand
count.
"""

import numpy as np
import pytest
from makers.packed import marked_page as page
from PIL import Image

from competition.augmentation.effects import EFFECTS
from competition.augmentation.effects.camera import photograph
from competition.augmentation.effects.pose import _seen_at_an_angle
from competition.common.seeds import generator
from competition.data.letterbox import resize
from competition.settings.policies import shipped_policy


def photographed(*arguments) -> np.ndarray:
    return photograph(*arguments).image


CAMERA = [name for name, effect in EFFECTS.items() if effect.phase == "camera"]
SHAPES = [(1, 1), (1, 300), (300, 1), (7, 5), (90, 64), (64, 90), (300, 420)]


def black(height=90, width=64):
    return np.zeros((height, width, 3), np.uint8)


def places(height=90, width=60):
    """Return a page whose red is the column and whose green is the row, in pixels."""
    ys, xs = np.mgrid[0:height, 0:width]
    return np.stack([xs, ys, np.zeros_like(xs)], axis=2).astype(np.uint8)


def box(mask):
    """Return the first and last row, and the first and last column, of what is true."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return rows[0], rows[-1], columns[0], columns[-1]


def test_with_nothing_drawn_it_is_the_page_itself():
    assert (photographed(page(), generator(0), {}, 255, 90) == page()).all()
    for longest_side, (height, width) in [(70, (70, 50)), (180, (180, 128))]:
        assert (photographed(page(), generator(0), {}, 255, longest_side) == resize(page(), height, width)).all()


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ({"mirror": 1}, np.fliplr),
        ({"transpose": 1}, lambda image: image.transpose(1, 0, 2)),
        ({"rotate": 90}, lambda image: np.rot90(image, 1)),
        ({"rotate": -90}, lambda image: np.rot90(image, -1)),
        ({"rotate": 180}, lambda image: np.rot90(image, 2)),
        ({"rotate": 85, "tilt": 5}, np.rot90),
        ({"mirror": 1, "transpose": 1}, lambda image: np.fliplr(image).transpose(1, 0, 2)),
        ({"mirror": 1, "transpose": 1, "rotate": 90}, lambda image: np.rot90(np.fliplr(image).transpose(1, 0, 2))),
    ],
    ids=lambda value: "expected" if callable(value) else str(value),
)
@pytest.mark.parametrize("shape", [(90, 64), (65, 90), (90, 90)], ids=str)
def test_flips_and_quarter_turns_are_numpys(shape, drawn, expected):
    found = photographed(page(*shape), generator(1), drawn, 255, 90)
    assert found.shape == expected(page(*shape)).shape
    assert np.abs(found.astype(int) - expected(page(*shape))).max() <= 1


def test_quarter_turn_draws_each_of_the_four():
    expected = [np.rot90(page(), turns) for turns in range(4)]
    drawn = []
    for seed in range(60):
        found = photographed(page(), generator(seed), {"quarter_turn": 1}, 255, 90)
        drawn.append(
            [
                found.shape == turned.shape and np.abs(found.astype(int) - turned).max() <= 1 for turned in expected
            ].index(True)
        )
    assert min(np.bincount(drawn, minlength=4)) >= 5


@pytest.mark.parametrize("angle", [-150, -30, 3, 45, 110])
@pytest.mark.parametrize("name", ["rotate", "tilt"])
def test_a_rotation_is_pillows_counter_clockwise(name, angle):
    found = photographed(page(), generator(0), {name: angle}, 200, 90)
    turned = Image.fromarray(page()).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(200, 200, 200))
    expected = np.asarray(turned.resize(found.shape[1::-1], Image.Resampling.BOX), int)
    assert np.abs(found - expected).mean() < 9  # Pillow's picture is up to two pixels larger
    wrong = np.asarray(Image.fromarray(page()).rotate(-angle, expand=True).resize(found.shape[1::-1]), int)
    assert np.abs(found - wrong).mean() > 15 or abs(angle) < 5


def centre_of(image, colour):
    distance = np.abs(image.astype(int) - colour).sum(axis=2)
    return np.argwhere(distance < 150).mean(axis=0)


@pytest.mark.parametrize("amount", [0.05, 0.14, 0.35])
def test_perspective_moves_the_corners_but_never_folds_the_page(amount):
    image = np.full((100, 100, 3), 128, np.uint8)
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)]
    for number, colour in enumerate(colours):
        rows, columns = (slice(-15, None) if side else slice(15) for side in divmod(number, 2))
        image[rows, columns] = colour
    moves = []
    for seed in range(100):
        found = photographed(image, generator(seed), {"perspective": amount, "grey_fill": 40}, 255, 100)
        centres = np.array([centre_of(found, colour) for colour in colours]) / found.shape[:2]
        expected = np.array([[7, 7], [7, 92], [92, 7], [92, 92]]) / 100
        moves.append(np.abs(centres - expected).max())
        upper_left, upper_right, lower_left, lower_right = centres
        turned = [
            np.linalg.det([upper_right - upper_left, lower_left - upper_left]),
            np.linalg.det([lower_left - lower_right, upper_right - lower_right]),
        ]
        assert max(turned) < 0  # no corner folded over
    assert max(moves) < 2.2 * amount  # the frame follows the outermost corner
    assert np.mean(moves) > 0.3 * amount


def test_moves_that_would_fold_the_page_are_made_smaller():
    corners = np.array([[-50.0, -50], [50, -50], [50, 50], [-50, 50]])
    # the first corner moves behind its neighbours' line
    folding = np.array([[35.0, 35], [-35, -35], [0, 0], [-35, -35]])
    found = _seen_at_an_angle(corners, folding)
    sides = np.roll(found, -1, axis=0) - found
    turns = [np.linalg.det([sides[n - 1], sides[n]]) for n in range(4)]
    assert min(turns) > 0 and 0.3 < (found - corners)[0, 0] / 35 < 1
    small = folding / 10
    assert (_seen_at_an_angle(corners, small) == corners + small).all()


def test_stretch_shrinks_either_side_by_the_amount():
    shapes = {photographed(page(80, 80), generator(seed), {"stretch": 0.25}, 255, 80).shape[:2] for seed in range(20)}
    assert shapes == {(80, 60), (60, 80)}


def test_shift_scale_leaves_that_share_free_and_puts_the_page_anywhere():
    tops, lefts = [], []
    for seed in range(60):
        found = photographed(black(100, 100), generator(seed), {"shift_scale": 0.25}, 255, 200)
        top, bottom, left, right = box(found[..., 0] < 128)
        assert found.shape == (200, 200, 3)
        assert abs(bottom - top + 1 - 150) <= 1 and abs(right - left + 1 - 150) <= 1  # 0.75 of 200
        tops.append(top)
        lefts.append(left)
    assert min(tops + lefts) >= 0 and max(tops + lefts) <= 50
    assert min(tops) < 8 and max(tops) > 42 and min(lefts) < 8 and max(lefts) > 42
    assert abs(np.corrcoef(tops, lefts)[0, 1]) < 0.5


def test_crop_keeps_the_rest_of_the_side_from_anywhere():
    firsts = []
    for seed in range(60):
        # the rim may blend with the fill
        found = photographed(places(90, 60), generator(seed), {"crop": 0.3}, 255, 90)[1:-1, 1:-1]
        columns, rows = found[44, :, 0].astype(int), found[:, 29, 1].astype(int)
        assert abs(np.ptp(columns) - 0.7 * 58) <= 2 and abs(np.ptp(rows) - 0.7 * 88) <= 2
        assert found.max() < 95  # no fill anywhere
        firsts.append(rows[0] / 90)
    assert min(firsts) < 0.05 and 0.25 < max(firsts) <= 0.31


def test_cropped_and_shifted_leaves_the_picture_on_one_side_and_a_gap_on_the_other():
    for seed in range(30):
        found = photographed(places(100, 100), generator(seed), {"crop": 0.3, "shift_scale": 0.3}, 255, 100)
        seen = found[..., 1] < 101
        rows = found[:, :, 1][seen].astype(int)
        assert abs(seen.any(axis=1).mean() - 0.7) < 0.02 and abs(np.ptp(rows) - 70) <= 2


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("policy", ["document", "heavy"])
def test_a_photograph_has_the_size_asked_for_whatever_is_drawn(shape, policy):
    transforms, image = shipped_policy(policy), page(*shape)
    before = image.copy()
    for seed in range(200):
        chance = generator("drawn", seed)
        drawn = {
            name: chance.uniform(*transforms[name].get("range", (1, 1))) for name in CAMERA if chance.random() < 0.5
        }
        found = photographed(image, generator(seed), drawn, 255, 70)
        assert found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] == 3 and found.flags.c_contiguous
        assert 8 <= min(found.shape[:2]) and 69 <= max(found.shape[:2]) <= 71
        assert not np.shares_memory(found, image)
        if seed < 20:
            np.random.seed(seed)
            assert (photographed(image, generator(seed), drawn, 255, 70) == found).all()
    assert (image == before).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_everything_at_once_at_its_limits(shape):
    for end in (0, 1):
        drawn = {name: EFFECTS[name].limits[end] for name in CAMERA}
        for seed in range(10):
            assert photographed(page(*shape), generator(seed), drawn, 255, 70).shape[2] == 3


def test_a_narrow_page_stays_in_the_middle_of_its_picture():
    found = photographed(black(100, 2), generator(0), {}, 255, 100)
    assert found.shape == (100, 8, 3)
    assert (found[:, 3:5] == 0).all() and (np.delete(found, [3, 4], axis=1) == 255).all()


def test_the_fill_is_grey_or_a_painted_surface():
    for fill, drawn in [(7, {}), (70, {"grey_fill": 70.3})]:
        found = photographed(black() + 200, generator(0), {"rotate": 45, **drawn}, 7, 100)
        assert (found[:5, :5] == fill).all() and (found[-5:, -5:] == fill).all()
    corners = [
        photographed(black() + 200, generator(seed), {"rotate": 45, "background": 1}, 7, 100)[:5, :5]
        for seed in range(20)
    ]
    assert len({corner.tobytes() for corner in corners}) == 20 and not any((corner == 7).all() for corner in corners)
    middles = [
        photographed(black() + 200, generator(seed), {"rotate": 45, "background": 1}, 7, 100)[45:55, 45:55]
        for seed in range(20)
    ]
    assert all((middle == 200).all() for middle in middles)


def test_thin_strokes_survive_a_small_page():
    image = np.full((300, 300, 3), 255, np.uint8)
    image[::5] = 0  # a fifth of the page is ink
    for seed in range(20):
        found = photographed(image, generator(seed), {"shift_scale": 0.6, "rotate": 0.4}, 255, 300)
        ink = (255.0 - found[..., 0]).sum() / 255
        assert abs(ink / (0.2 * 120 * 120) - 1) < 0.03
        top, bottom, left, right = box(found[..., 0] < 230)
        # no rows lost, none doubled
        assert found[top + 10 : bottom - 10, left + 10 : right - 10].mean(axis=1).std() < 30
