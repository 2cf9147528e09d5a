"""Statistics of images whose answers are known, and AUCs held against hand counts and scikit-learn."""

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from competition.audit.domain_shift import STATISTICS, folded_aucs, statistics, table, train_test_auc
from competition.data.letterbox import letterbox
from competition.inference.tta import oriented_batch

SIZE = 224


def measured(image, **options):
    values = statistics(image, **options)
    assert values.shape == (len(STATISTICS),) and values.dtype == np.float64 and np.isfinite(values).all()
    return dict(zip(STATISTICS, values, strict=True))


def flat(*colour):
    return np.full((SIZE, SIZE, 3), colour, np.uint8)


def noisy(sigma, seed=0, paper=128.0):
    grey = np.full((SIZE, SIZE), paper) + np.random.default_rng(seed).normal(0, sigma, (SIZE, SIZE))
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def stripes(degrees):
    ys, xs = np.mgrid[:SIZE, :SIZE]
    wave = np.sin((xs * np.sin(np.radians(degrees)) + ys * np.cos(np.radians(degrees))) * 2 * np.pi / 12)
    return np.repeat(np.rint(127 + 100 * wave).astype(np.uint8)[..., None], 3, axis=2)


def test_a_flat_square():
    found = measured(flat(100, 100, 100))
    assert [found[name] for name in ("brightness", "border_level", "paper")] == pytest.approx([100, 100, 100])
    for name in (
        "contrast",
        "dark_share",
        "unevenness",
        "sharpness",
        "noise",
        "saturation",
        "red_cast",
        "border_spread",
        "border_fill",
    ):
        assert found[name] == pytest.approx(0, abs=1e-4), name
    assert found["axis_energy"] == pytest.approx(20 / 90) and found["direction_peak"] == pytest.approx(10 / 90)
    assert measured(flat(100, 100, 100), fill=100)["border_fill"] == 1
    assert measured(flat(95, 95, 95))["dark_share"] == 1 and measured(flat(96, 96, 96))["dark_share"] == 0


def test_colour():
    found = measured(flat(200, 100, 50))
    assert (found["red_cast"], found["blue_cast"]) == pytest.approx((100, -50))
    assert found["saturation"] == pytest.approx((200 - 50) / 200, abs=1 / 255)
    assert found["brightness"] == pytest.approx(0.299 * 200 + 0.587 * 100 + 0.114 * 50, abs=0.5)  # ITU-R BT.601


def test_levels_of_two_halves():
    image = flat(200, 200, 200)
    image[:, : SIZE // 2] = 40
    found = measured(image)
    assert [found[name] for name in ("brightness", "contrast", "unevenness")] == pytest.approx([120, 80, 80])
    assert found["dark_share"] == 0.5 and found["paper"] == 200


@pytest.mark.parametrize("sigma", [3.0, 8.0, 20.0])
def test_noise_is_its_standard_deviation(sigma):
    assert measured(noisy(sigma))["noise"] == pytest.approx(sigma, rel=0.1)
    lined = noisy(sigma)
    lined[::14] = 20  # lines of print, 3 rows in 14 of the mask's answers
    assert measured(lined)["noise"] == pytest.approx(sigma, rel=0.4)


def test_sharpness_falls_with_blur_and_is_the_laplacians():
    image = noisy(15)
    levels = image[..., 0].astype(np.float64)
    slow = [
        levels[y - 1, x] + levels[y + 1, x] + levels[y, x - 1] + levels[y, x + 1] - 4 * levels[y, x]
        for y in range(1, SIZE - 1)
        for x in range(1, SIZE - 1)
    ]
    assert measured(image)["sharpness"] == pytest.approx(np.log1p(np.var(slow)), rel=1e-5)
    assert measured(cv2.GaussianBlur(image, (0, 0), 2))["sharpness"] < measured(image)["sharpness"] - 1


@pytest.mark.parametrize(
    "degrees, on_axes", [(0, True), (90, True), (5, True), (85, True), (20, False), (45, False), (-30, False)]
)
def test_the_direction_of_stripes(degrees, on_axes):
    found = measured(stripes(degrees))
    assert found["axis_energy"] > 0.95 if on_axes else found["axis_energy"] < 0.05
    assert found["direction_peak"] > 0.95


def test_noise_has_no_direction():
    found = measured(noisy(20))
    assert found["axis_energy"] == pytest.approx(20 / 90, abs=0.02) and found["direction_peak"] == pytest.approx(
        10 / 90, abs=0.02
    )


def test_padding_and_what_lies_in_it():
    found = measured(letterbox(np.full((60, 120, 3), 90, np.uint8), SIZE, 255))
    assert found["aspect"] == pytest.approx(0.5, abs=0.01)
    rim = round(0.04 * SIZE)  # the page fills the middle 112 of 224 rows: it is in the rim's left and right columns
    in_page = 112 * 2 * rim / (SIZE**2 - (SIZE - 2 * rim) ** 2)
    assert found["border_fill"] == pytest.approx(1 - in_page, abs=0.01)
    assert found["border_level"] == pytest.approx(255 - in_page * (255 - 90), abs=1.5)
    assert measured(letterbox(np.full((60, 120, 3), 90, np.uint8), SIZE, 0), fill=0)["aspect"] == pytest.approx(
        0.5, abs=0.01
    )


def test_flips_and_quarter_turns_change_nothing():
    import torch

    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    image[:90] //= 3
    expected = statistics(image)
    for element in range(8):
        turned = np.ascontiguousarray(oriented_batch(torch.from_numpy(image), element, (0, 1)).numpy())
        assert np.allclose(statistics(turned), expected, rtol=1e-4, atol=2e-3), element


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3), (3, 3), (40, 17)])
def test_any_size(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    before = image.copy()
    measured(image)
    assert (image == before).all()


def test_auc_by_hand():
    # pairs (test, train): 2 beats 1, ties 2, loses to 3; 4 beats all three: 1 + 0.5 + 3 of 6
    assert folded_aucs(np.array([[1.0], [2], [3]]), np.array([[2.0], [4]])) == pytest.approx([4.5 / 6])


def test_aucs_are_scikit_learns():
    generator = np.random.default_rng(0)
    train, test = generator.integers(0, 6, (70, 5)).astype(float), generator.integers(1, 8, (40, 5)).astype(float)
    labels = np.repeat([0, 1], [70, 40])
    expected = [roc_auc_score(labels, column) for column in np.concatenate([train, test]).T]
    assert np.allclose(folded_aucs(train, test), expected)


def test_the_table_puts_the_strongest_first():
    generator = np.random.default_rng(0)
    train = generator.normal(0, 1, (400, 3))
    test = generator.normal([0, -3, 1], 1, (300, 3))
    rows = table(train, test, ["same", "far", "near"])
    assert rows["feature"].tolist() == ["far", "near", "same"] and rows["test_is"].tolist()[:2] == ["lower", "higher"]
    assert rows["auc"].between(0.5, 1).all() and rows["auc"].is_monotonic_decreasing
    assert rows.loc[0, "train"] == np.median(train[:, 1]) and rows.loc[0, "test"] == np.median(test[:, 1])
    assert rows.loc[0, "test_spread"] == pytest.approx(np.subtract(*np.percentile(test[:, 1], [75, 25])))
    assert table(np.ones((2, 1)), np.ones((3, 1)), ["flat"])["test_is"].tolist() == ["the same"]
    with pytest.raises(ValueError, match=r"test.*\(300, 3\)"):
        table(train[:, :2], test, ["a", "b"])


@pytest.mark.slow
def test_alike_sets_and_sets_apart():
    generator = np.random.default_rng(0)
    alike = [train_test_auc(*generator.normal(0, 1, (2, 150, 6)), seed) for seed in range(6)]
    assert np.mean(alike) == pytest.approx(0.5, abs=0.05)
    left, right = generator.normal(0, 1, (2, 150, 6))
    assert train_test_auc(left, right + 3, 0) > 0.99
    assert train_test_auc(left, right * 3, 0) > 0.9  # only wider: no feature alone is higher
    assert train_test_auc(left, right * 3, 0) == train_test_auc(left, right * 3, 0)
    assert folded_aucs(left, right * 3) == pytest.approx(np.full(6, 0.5), abs=0.1)


def test_copies_of_one_source_stay_in_one_fold():
    generator = np.random.default_rng(0)
    # 20 sources a side, 10 like copies each, no difference
    copies = np.repeat(generator.normal(0, 1, (2, 20, 40)), 10, axis=1)
    groups = np.repeat(np.arange(40), 10)
    assert train_test_auc(*copies, 0) > 0.95  # it knows the sources again
    assert train_test_auc(*copies, 0, groups) < 0.75


def test_too_few_rows():
    with pytest.raises(ValueError, match="at least 10 rows on each side, found 9 and 30"):
        train_test_auc(np.zeros((9, 2)), np.zeros((30, 2)), 0)
    with pytest.raises(ValueError, match="groups"):
        train_test_auc(np.zeros((10, 2)), np.ones((10, 2)), 0, np.repeat([0, 1], 10))
