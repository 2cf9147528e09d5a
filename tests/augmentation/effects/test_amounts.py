"""What the amounts of our own effects mean on the page, and the noise that surfaces are painted from."""

import numpy as np
import pytest

from competition.augmentation.effects import EFFECTS
from competition.augmentation.textures import background, normal_noise
from competition.common.seeds import generator


def page(height, width):
    image = np.random.default_rng(height + width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image[height // 2 :] = 255
    return image


def test_fade_mixes_ink_with_paper_by_the_amount():
    image = np.full((96, 64, 3), 255, np.uint8)
    image[6:12] = 0
    most = [EFFECTS["fade"].apply(image, generator(seed), 0.6)[6:12].max() for seed in range(30)]
    assert max(most) == 153 and all(level <= 153 for level in most)  # 0.6 of 255; in patches it may be less
    assert (EFFECTS["fade"].apply(image, generator(0), 0.6)[:6] == 255).all()


@pytest.mark.parametrize(("name", "sign"), [("shadow", -1), ("lamp", 1), ("spill", -1), ("highlight", -1)])
def test_light_and_liquids_go_one_way(name, sign):
    image = page(90, 64)
    for seed in range(40):
        change = EFFECTS[name].apply(image, generator(seed), 0.6).astype(int) - image
        assert (sign * change >= -1).all()  # a level is rounding
        assert (sign * change).max() > 5 or name in ("shadow", "highlight")  # these may fall beside the page


def test_shadow_and_crease_take_no_more_light_than_the_amount():
    white = np.full((120, 90, 3), 200, np.uint8)
    darkest = [EFFECTS["shadow"].apply(white, generator(seed), 0.4).min() for seed in range(60)]
    assert min(darkest) == 120  # 200 x (1 - 0.4)
    folds = [EFFECTS["crease"].apply(white, generator(seed), 0.3) for seed in range(60)]
    assert all(fold.min() >= 200 * (1 - 3 * 0.3) for fold in folds)  # at most three folds
    assert np.median([fold.min() for fold in folds]) < 200 * 0.85
    assert max(fold.max() for fold in folds) <= 200 * 1.3 + 1


@pytest.mark.parametrize("amount", [0.02, 0.1, 0.3])
def test_speckle_puts_dust_on_that_share_of_the_page(amount):
    grey = np.full((300, 240, 3), 200, np.uint8)  # no grain has this level
    shares = [(EFFECTS["speckle"].apply(grey, generator(seed), amount) < 200).all(axis=2).mean() for seed in range(60)]
    assert all(0.7 * amount < share < 1.3 * amount for share in shares)
    assert abs(np.mean(shares) / amount - 1) < 0.05


def test_highlight_is_linear_in_its_opacity():
    image = page(90, 64)
    for seed in range(20):
        full = EFFECTS["highlight"].apply(image, generator(seed), 1.0).astype(float)
        half = EFFECTS["highlight"].apply(image, generator(seed), 0.5)
        assert np.abs(half - (image + full) / 2).max() <= 1


def changed(name, seed, amount, shape=(240, 160)):
    image = np.full((*shape, 3), 137, np.uint8)
    image[..., 2] = 30
    return (EFFECTS[name].apply(image, generator(seed), amount) != image).any(axis=2)


def test_covers_are_as_large_as_they_say():
    areas = [changed("cover", seed, 0.1).sum() for seed in range(100)]
    assert max(areas) > 0.5 * 48**2  # a box's length: 2 x 0.1 x 240
    assert max(areas) <= 4 * 24 * 4 * 480  # four fingers of 24 pixels, with room for their slant
    assert np.mean([changed("cover", seed, 0.1).mean() for seed in range(100)]) < 0.3


def test_a_torn_corner_reaches_as_far_as_it_says():
    for seed in range(60):
        torn = changed("torn_corner", seed, 0.2)  # 0.2 x 240 = 48 pixels
        corners = [torn[y, x] for y in (0, -1) for x in (0, -1)]
        assert 1 <= sum(corners) <= 2
        assert not torn[50:-50].any()
        rows, columns = torn.any(axis=1).sum(), torn.any(axis=0).sum()
        assert 45 <= max(rows, columns) <= 2 * 50
        assert torn.sum() <= 2 * 49 * 49 / 2 + 2 * 49


def test_normal_noise_is_normal():
    values = normal_noise(generator(5), 300, 1000)
    assert values.dtype == np.float32 and values.shape == (300, 1000)
    assert abs(values.mean()) < 0.01 and abs(values.std() - 1) < 0.01
    assert abs((values**4).mean() - 3) < 0.1
    for deviations, share in ((1, 0.8413), (2, 0.9772), (3, 0.99865)):  # the table of the normal distribution
        assert abs((values < deviations).mean() - share) < 0.002
    assert abs(np.corrcoef(values[:, :-1].ravel(), values[:, 1:].ravel())[0, 1]) < 0.01


def test_backgrounds_are_of_many_kinds():
    surfaces = [background(generator(seed), 60, 80) for seed in range(60)]
    assert all(surface.shape == (60, 80, 3) and surface.dtype == np.uint8 for surface in surfaces)
    spreads = [surface.std(axis=(0, 1)).mean() for surface in surfaces]
    assert min(spreads) < 5 and max(spreads) > 20
    assert np.std([surface.mean() for surface in surfaces]) > 20
