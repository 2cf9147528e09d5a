"""The upright step beside an export, in a process without torch, OpenCV and us, against our own."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from makers.alone import run_alone
from PIL import Image
from safetensors.torch import save_file
from scipy.ndimage import gaussian_filter

from competition.common.files import write_json
from competition.models.networks import Normalisation
from competition.serving.export_trial import Trial
from competition.serving.onnx import to_onnx, with_preprocessing, with_probabilities
from competition.serving.standalone import standalone_files
from competition.serving.upright_export import upright_files
from competition.settings.augment import AugmentSettings
from competition.settings.params import Settings
from competition.settings.upright import UprightSettings
from competition.upright.networks import corner_network, orientation_network
from competition.upright.page import upright_square
from competition.upright.page_finder import PageFinder
from competition.upright.straighten import FoldStraightener

pytestmark = pytest.mark.slow

pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")
pytest.importorskip("onnxscript", reason="the extra `export` is not installed")

SETTINGS = UprightSettings(
    use="on", network="test_efficientnet", weights="none", corners_size=64, orientation_size=64, views=4
)
QUAD = np.array([[0.2, 0.15], [0.85, 0.25], [0.8, 0.9], [0.1, 0.7]])  # in shares of the padded picture
PLAIN = Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SEEN_AS = 6  # the orientation that the page is seen in when it is looked at as it is
LINES = """
import sys
from PIL import Image
from page import read_page
for name in sys.argv[1:]:
    Image.fromarray(read_page(f"{name}.png")).save(f"{name}_upright.png")
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return save_networks(tmp_path_factory.mktemp("upright") / "0.safetensors", logit=3)


def save_networks(path: Path, logit: float) -> Path:
    """Save networks that find nearly the same QUAD in any picture, and nearly always see it in one orientation."""
    corners, _ = corner_network(SETTINGS, 0, trained=True)
    orientation, _ = orientation_network(SETTINGS, 0, trained=True)
    with torch.no_grad():
        for network in (corners, orientation):
            for layer in (network.hidden, network.places):
                layer.weight.mul_(0.1)
        corners.places.bias.copy_(torch.from_numpy(np.concatenate([*[(QUAD - 0.5).ravel()] * 2, [1, 0]])))
        orientation.places.bias.copy_(torch.linspace(-0.05, 0.05, 8))
        orientation.classes.weight.mul_(0.1)
        orientation.classes.bias.copy_(torch.eye(8)[SEEN_AS] * logit)
    parts = (("corners", corners), ("orientation", orientation))
    save_file(
        {f"{name}.{key}": value.contiguous() for name, net in parts for key, value in net.state_dict().items()}, path
    )
    return path


def pictures():
    """Smooth ones, large and small, high and wide: what is a pixel off is seen, and noise isn't."""
    generator = np.random.default_rng(0)
    for shape in ((300, 220), (150, 260), (50, 40)):
        grey = gaussian_filter(generator.normal(size=(*shape, 3)), (shape[0] / 12, shape[1] / 12, 0))
        yield np.clip(128 + 300 * grey / np.abs(grey).max() / 3, 0, 255).astype(np.uint8)


# in doubt all views are looked at, else one: the next would say something else
@pytest.mark.parametrize(("views", "logit"), [(4, 3), (2, 8)])
def test_pages_are_turned_upright_as_ours_without_torch_and_opencv(views, logit, tmp_path):
    weights, settings = save_networks(tmp_path / "0.safetensors", logit), SETTINGS.model_copy(update={"views": views})
    alone = tmp_path / "alone"
    alone.mkdir()
    for name, content in (upright_files(weights, settings, 48, 200) | standalone_files("page.py")).items():
        (alone / name).write_bytes(content)
    originals = list(pictures())
    for number, picture in enumerate(originals):
        Image.fromarray(picture).save(alone / f"{number}.png")
    (alone / "lines.py").write_text(LINES)
    names = [str(number) for number in range(len(originals))]
    run_alone(["lines.py", *names], alone, tmp_path / "site", ("competition", "torch", "cv2", "scipy", "timm"))
    finder = PageFinder([weights], settings)
    for name, picture, page in zip(names, originals, finder.find(originals, 200), strict=True):
        expected, _ = upright_square(picture, page, 48, 200)
        found = np.asarray(Image.open(alone / f"{name}_upright.png"))
        assert found.shape == (48, 48, 3)
        difference = np.abs(found.astype(int) - expected)
        assert difference.mean() < 2 and np.percentile(difference, 95) < 6, name  # but at the picture's edge
        turned = np.abs(np.rot90(found).astype(int) - expected)
        assert turned.mean() > 5 * difference.mean()  # or the orientation wouldn't matter


class Shares(torch.nn.Module):
    """Tells images apart by where they are bright."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(images, (2, 2)).mean(dim=1).flatten(1) * 40


@pytest.fixture
def trial(weights, tmp_path) -> Trial:
    """Of files that turn pages upright, beside our own way of doing so, with the same networks."""
    folder = tmp_path / "upright"
    folder.mkdir()
    shutil.copy(weights, folder)
    facts = {"used": True, "settings": SETTINGS.model_dump(exclude={"use"}), "temperature": 1.0, "folds": {}}
    write_json(folder / "straightener.json", facts)
    files = upright_files(weights, SETTINGS, 48, 200) | standalone_files("page.py")
    images = [tmp_path / f"{number}.png" for number in range(3)]
    for path, picture in zip(images, pictures(), strict=True):
        Image.fromarray(picture).save(path)
    (tmp_path / "broken.png").write_bytes(b"no image")
    return Trial(files, [*images, tmp_path / "broken.png"], FoldStraightener(folder, most=1))


def test_the_trial_of_all_files_compares_the_upright_step_too(trial):
    settings = Settings().model_copy(update={"augment": AugmentSettings(size=48, fill=200)})
    model = with_probabilities(with_preprocessing(to_onnx(Shares(), 48), 48, 200, PLAIN), several=False)

    def compared(trial: Trial) -> dict:
        return trial.compare(model.SerializeToString(), answered, 48, settings)

    def answered(images: np.ndarray) -> np.ndarray:
        return Shares()(PLAIN(torch.from_numpy(images))).softmax(dim=1).numpy()

    found = compared(trial)
    assert found["images"] == found["same_answer"] == 3 and found["largest_probability_difference"] < 0.1
    turned = trial.files["upright.py"].replace(b"BACK = (0, 3, 2, 1, 4, 5, 6, 7)", b"BACK = (0, 1, 2, 3, 4, 5, 7, 6)")
    assert turned != trial.files["upright.py"]
    found = compared(replace(trial, files={**trial.files, "upright.py": turned}))
    assert found["same_answer"] < 3 and found["largest_probability_difference"] > 0.1
    with pytest.raises(RuntimeError, match="the exported files don't run"):
        compared(replace(trial, files={}))
