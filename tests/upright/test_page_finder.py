"""Pages found by trained networks: alike in any company, and in any number of views of them."""

import numpy as np
import pytest
import torch
from makers.pages import page
from safetensors.torch import save_file

from competition.data.orientations import ORIENTATIONS, oriented_image
from competition.settings.upright import UprightSettings
from competition.upright import page_finder
from competition.upright.geometry import UNIT_SQUARE, UPPER_LEFT, quad_of
from competition.upright.networks import CORNERS, ORIENTATION, corner_network, corner_targets, orientation_network
from competition.upright.page_finder import PageFinder

SETTINGS = UprightSettings(network="test_efficientnet", weights="none", corners_size=64, orientation_size=64)
SQUARE = np.random.default_rng(0).integers(0, 255, (6, 6, 3)).astype(np.uint8).repeat(15, axis=0).repeat(15, axis=1)
PICTURES = [page(n, n, 200 + n, 150) for n in range(19)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Files of two folds' networks that nobody trained."""
    folder, files = tmp_path_factory.mktemp("weights"), []
    for fold in range(2):
        made = {CORNERS: corner_network(SETTINGS, fold)[0], ORIENTATION: orientation_network(SETTINGS, fold)[0]}
        tensors = {
            f"{name}.{key}": value.contiguous() for name, one in made.items() for key, value in one.state_dict().items()
        }
        files.append(folder / f"{fold}.safetensors")
        save_file(tensors, files[-1])
    return files


def test_what_is_found_in_a_picture_depends_on_no_other_one(weights):
    finder = PageFinder(weights, SETTINGS)
    together = finder.find(PICTURES, 255)
    for picture, expected in list(zip(PICTURES, together, strict=True))[::6]:
        [alone] = finder.find([picture], 255)
        assert (alone.quad == expected.quad).all() and (alone.orientations == expected.orientations).all()
    assert finder.find([], 255) == []


def test_probabilities_sum_to_1_and_a_temperature_flattens_them(weights):
    sharp, flat = (PageFinder(weights, SETTINGS, temperature).find(PICTURES[:3], 255) for temperature in (1.0, 4.0))
    for one, other in zip(sharp, flat, strict=True):
        assert one.orientations.sum() == pytest.approx(1) and other.orientations.sum() == pytest.approx(1)
        assert one.orientations.max() > other.orientations.max()


class Sees(torch.nn.Module):
    """Knows in which orientation it is shown the page, but for errors in some orientations."""

    def __init__(self, upright: np.ndarray, errors: dict[int, int], logit: float = 3.0):
        super().__init__()
        self.logit = logit  # 3.0: a probability of 0.74
        self.shown = [oriented_image(upright, orientation) for orientation in range(ORIENTATIONS)]
        self.errors = errors

    def forward(self, inputs):
        said = torch.zeros(len(inputs), ORIENTATIONS + 8)
        for row, image in enumerate(inputs.numpy()):
            seen = int(np.argmin([np.abs(image - one).mean() for one in self.shown]))
            said[row, self.errors.get(seen, seen)] = self.logit
        return said


class Whole(torch.nn.Module):
    """Says that the page is the whole picture."""

    def forward(self, inputs):
        return torch.from_numpy(corner_targets(quad_of(UNIT_SQUARE, UPPER_LEFT))[0]).float().repeat(len(inputs), 1)


@pytest.mark.parametrize("views", [1, 2, 4, 8])
def test_views_of_a_page_agree_on_how_it_was_seen(views, monkeypatch):
    settings = SETTINGS.model_copy(update={"views": views})
    upright = page_finder.straightened(SQUARE, UNIT_SQUARE * 90, 64, 255, page_finder.MARGIN)
    for errors in ({}, {1: 6}):

        def load(loaded, name, make, size, settings, errors=errors):
            network = Whole() if name == CORNERS else Sees(upright.astype(np.float32), errors)
            return [network], lambda pixels, where=None: pixels.float()

        monkeypatch.setattr(page_finder, "_load", load)
        finder = PageFinder([], settings)
        for orientation in range(ORIENTATIONS):
            [found] = finder.find([oriented_image(SQUARE, orientation)], 255)
            wrong = errors.get(orientation) is not None and views < 4  # one vote of two decides nothing
            assert (int(found.orientations.argmax()) == orientation) or wrong
            assert found.quad == pytest.approx(quad_of(UNIT_SQUARE * 90), abs=1e-3)


@pytest.mark.parametrize("views", [1, 2, 4, 8])
def test_what_one_view_is_sure_of_is_looked_at_no_more(views, monkeypatch):
    dark = SQUARE // 8  # what the networks are sure of
    shown: list[np.ndarray] = []

    class Doubts(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.sees = [
                Sees(page_finder.straightened(one, UNIT_SQUARE * 90, 64, 255, page_finder.MARGIN), {}, logit)
                for one, logit in ((dark, 5.0), (SQUARE, 3.0))
            ]

        def forward(self, inputs):
            shown.extend(inputs.numpy())
            return torch.cat([self.sees[int(one[24:40, 24:40].mean() > 60)](one[None]) for one in inputs])

    def load(loaded, name, make, size, settings):
        return [Whole() if name == CORNERS else Doubts()], lambda pixels, where=None: pixels.float()

    monkeypatch.setattr(page_finder, "_load", load)
    monkeypatch.setattr(page_finder, "BATCH_SIZE", 1)
    finder = PageFinder([], SETTINGS.model_copy(update={"views": views}))
    together = finder.find([dark, SQUARE, dark], 255)
    assert len(shown) == 2 + views
    for picture, found in zip([dark, SQUARE, dark], together, strict=True):
        shown.clear()
        [alone] = finder.find([picture], 255)
        assert len(shown) == (1 if picture is dark else views)
        assert (alone.quad == found.quad).all() and (alone.orientations == found.orientations).all()
        assert found.orientations[0] == pytest.approx(1 / (1 + 7 * np.exp(-5.0 if picture is dark else -3.0)))


def test_views_are_shared_out_among_folds_networks(monkeypatch):
    upright = page_finder.straightened(SQUARE, UNIT_SQUARE * 90, 64, 255, page_finder.MARGIN).astype(np.float32)
    looked: list[tuple[int, int]] = []
    asked: list[int] = []

    class Asked(Whole):
        def __init__(self, number: int):
            super().__init__()
            self.number = number

        def forward(self, inputs):
            asked.append(self.number)
            return super().forward(inputs)

    class Looks(Sees):
        def __init__(self, number: int):
            super().__init__(upright, {})
            self.number = number

        def forward(self, inputs):
            said = super().forward(inputs)
            looked.append((self.number, int(said[0].argmax())))
            return said

    for networks, views, expected in (
        (1, 4, [(0, 0), (0, 2), (0, 1), (0, 3)]),
        (2, 4, [(0, 0), (1, 2), (0, 1), (1, 3)]),
        (3, 4, [(0, 0), (1, 2), (2, 1), (0, 3)]),
        (5, 4, [(0, 0), (1, 2), (2, 1), (3, 3)]),
        (4, 2, [(0, 0), (2, 2)]),
        (2, 1, [(0, 0)]),
    ):

        def load(loaded, name, make, size, settings, networks=networks):
            kind = Asked if name == CORNERS else Looks
            return [kind(number) for number in range(networks)], lambda pixels, where=None: pixels.float()

        monkeypatch.setattr(page_finder, "_load", load)
        looked.clear()
        asked.clear()
        settings = SETTINGS.model_copy(update={"views": views})
        [found] = PageFinder([], settings).find([SQUARE], 255)
        assert looked == expected and found.orientations.argmax() == 0
        assert asked == ([0] if networks == 1 or views == 1 else [0, networks // 2])  # of corners two networks at most
