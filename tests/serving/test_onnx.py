"""The ONNX file against torch, what it says of itself, and the example that uses it with neither torch nor us."""

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from makers.packed import TARGETS, marked_page, packed_competition
from PIL import Image, ImageOps

from competition.data.image_store import ImageStore
from competition.data.letterbox import letterbox
from competition.inference.tta import oriented_batch
from competition.models import trained
from competition.models.networks import create_network
from competition.serving.onnx import STEPS, UPRIGHT_STEP, preprocessing
from competition.settings.load import load_settings
from competition.settings.task import TaskSettings
from competition.training.checkpoints import save_weights
from pipelines import export
from pipelines._main import run

pytestmark = pytest.mark.slow

onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")
pytest.importorskip("onnxscript", reason="the extra `export` is not installed")

ROOT = Path(__file__).resolve().parents[2]
PARAMS = """
split: {folds: [0, 1]}
augment: {size: 32, fill: 200}
train: {members: [net, grey]}
members:
  net: {kind: finetuned, network: mobilenetv3_small_050, weights: none, size: 32, head: dense, precision: float32}
  grey: {kind: grey, size: 8}
specialize: {base: [net], network: {network: mobilenetv3_small_050, size: 32}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with packed test squares and a network whose answers differ from image to image, exported."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "data").mkdir()
    (folder / "folds").mkdir()
    packed_competition(folder / "data", images=3, tests=40)
    (folder / "data/test.arrow").rename(folder / "data/test_squares.arrow")
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "folds/classes.csv").write_text("target,class_name,images\n7,bright,1\n10,dark,1\nx,striped,1\n")
    with contextlib.chdir(folder):
        network, normalise = create_network(load_settings().members["net"], len(TARGETS))
        store = ImageStore("data/test_squares.arrow")
        squares = torch.from_numpy(np.stack([store.image(row) for row in range(len(store))]))
        head = network.eval().get_classifier()
        head[
            0
        ].momentum = None  # the head's batch-norm has the statistics of the images themselves, so that answers differ
        head[0].train()
        with torch.no_grad():
            network(normalise(squares))
            head[-1].weight.mul_(4)
            logits = network.eval()(normalise(squares)).numpy()
        save_weights("folds/weights/net/1.safetensors", network.state_dict(), {})
        export.main("net", 1)
    return folder, squares, logits


@pytest.fixture
def at_home(project, monkeypatch):
    monkeypatch.chdir(project[0])
    return project


def session():
    return runtime.InferenceSession("exports/net-1.onnx", providers=["CPUExecutionProvider"])


def prepared(facts, squares):
    """(N, 3, S, S): what the file's facts say is to be done with squares (N, S, S, 3)."""
    pixels = (squares.numpy() / 255 - facts["mean"]) / facts["std"]
    return pixels.transpose(0, 3, 1, 2).astype(np.float32)


def test_logits_are_torchs_for_any_number_of_images(at_home):
    _, squares, logits = at_home
    facts = json.loads(Path("exports/net-1.json").read_text())
    for number in (1, 2, 7, 40):
        found = session().run(["logits"], {"images": prepared(facts, squares[:number])})[0]
        assert found.shape == (number, 3) and np.abs(found - logits[:number]).max() < 1e-4
    assert np.ptp(logits, axis=0).max() > 0.1 and len(set(logits.argmax(axis=1))) > 1  # or any picture would do


def test_the_file_says_how_images_are_made_ready(at_home):
    facts = json.loads(Path("exports/net-1.json").read_text())
    inside = {key: json.loads(value) for key, value in session().get_modelmeta().custom_metadata_map.items()}
    assert inside == facts
    assert (facts["size"], facts["fill"], facts["channel_order"], facts["steps"]) == (32, 200, "RGB", list(STEPS))
    assert facts["classes"] == [
        {"target": "7", "class_name": "bright"},
        {"target": "10", "class_name": "dark"},
        {"target": "x", "class_name": "striped"},
    ]
    assert facts["check"]["images"] == 40 and facts["check"]["largest_logit_difference"] < 1e-4
    onnx.checker.check_model("exports/net-1.onnx")


def test_it_says_how_logits_become_probabilities(at_home):
    assert json.loads(Path("exports/net-1.json").read_text())["output"]["probabilities"] == "softmax over the classes"
    task = TaskSettings(labels="multi", answer="label_list", metric="f1_samples")
    settings = load_settings().model_copy(update={"task": task})
    member = settings.members["net"]
    facts = preprocessing(member, settings, create_network(member, 3)[1], dict.fromkeys(TARGETS, "name"))
    assert facts["output"]["probabilities"].startswith("sigmoid of each logit")


def test_it_says_that_pages_have_to_be_upright(at_home):
    settings = load_settings()
    member = settings.members["net"]
    arguments = member, settings, create_network(member, 3)[1], dict.fromkeys(TARGETS, "name")
    plain, upright = (preprocessing(*arguments, upright=upright)["steps"] for upright in (False, True))
    assert upright == [plain[0], UPRIGHT_STEP, *plain[1:]] and UPRIGHT_STEP not in plain


def test_the_views_are_ours(at_home):
    facts = json.loads(Path("exports/net-1.json").read_text())
    image = at_home[1][0]
    assert sum(view["weight"] for view in facts["views"]) == pytest.approx(1) and len(facts["views"]) == 8
    for element, view in enumerate(facts["views"]):
        square = np.fliplr(image.numpy()) if view["flip"] else image.numpy()
        assert (np.rot90(square, view["quarter_turns"]) == oriented_batch(image, element, (0, 1)).numpy()).all()


def test_the_example_classifies_as_we_do(at_home, tmp_path):
    _, squares, logits = at_home
    names = ["bright", "dark", "striped"]
    for row in [int(np.argmax(logits.argmax(axis=1) == label)) for label in sorted(set(logits.argmax(axis=1)))]:
        Image.fromarray(squares[row].numpy()).save(tmp_path / "image.png")
        done = subprocess.run(
            [sys.executable, ROOT / "docs/classify.py", "exports/net-1.onnx", tmp_path / "image.png"],
            capture_output=True,
            text=True,
            check=True,
        )
        name, probability = done.stdout.split()
        expected = np.exp(logits[row] - logits[row].max()) / np.exp(logits[row] - logits[row].max()).sum()
        assert name == names[expected.argmax()] and float(probability) == pytest.approx(expected.max(), abs=2e-4)


def test_the_example_is_the_documents_and_needs_three_packages_in_16_lines():
    text = (ROOT / "docs/classify.py").read_text()
    assert f"```python\n{text}```" in (ROOT / "docs/export.md").read_text()
    assert len([line for line in text.splitlines() if line]) == 16
    assert set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)) == {
        "json",
        "sys",
        "numpy",
        "onnxruntime",
        "PIL",
    }


@pytest.mark.parametrize("shape", [(90, 64), (41, 64), (20, 13)])
def test_a_page_in_the_example_is_letterboxed_as_ours(shape):
    """The example's own lines against `letterbox`, on pages that shrink, have uneven padding, and grow."""
    page = marked_page(*shape)
    lines = [
        line
        for line in (ROOT / "docs/classify.py").read_text().splitlines()
        if line.startswith(("page", "image", "square"))
    ]
    lines[0] = lines[0].replace("ImageOps.exif_transpose(Image.open(sys.argv[2]))", "Image.fromarray(photo)")
    names = {"photo": page, "facts": {"size": 32, "fill": 200}, "Image": Image, "ImageOps": ImageOps}
    exec("\n".join(lines), names)
    ours = letterbox(page, 32, 200).astype(int)
    difference = np.abs(np.asarray(names["square"]) - ours)
    assert difference.mean() < 1.5 and (np.asarray(names["square"])[(ours == 200).all(axis=2)] == 200).all()


def test_logits_that_differ_leave_no_file(at_home, monkeypatch):
    import competition.serving.onnx as module

    plain = module.torch_logits
    monkeypatch.setattr(module, "torch_logits", lambda *rest: plain(*rest) + 2e-4)
    # the very file; it takes seconds to make
    monkeypatch.setattr(module, "to_onnx", lambda *rest: onnx.load("exports/net-1.onnx"))
    before = {path: path.read_bytes() for path in Path("exports").iterdir()}
    save_weights("folds/weights/net/0.safetensors", trained.read_trained("net", 1), {})
    with pytest.raises(ValueError, match="net, fold 0: ONNX Runtime's logits are up to 0.0002 away"):
        export.main("net", 0)
    assert {path: path.read_bytes() for path in Path("exports").iterdir()} == before


@pytest.mark.parametrize(
    ("member", "fold", "expected"),
    [
        ("grey", 0, "member grey: expected one of kind finetuned: net"),
        ("lite9", 0, "member lite9: expected one"),
        ("net", 5, "--fold 5: expected one of 0, 1"),
    ],
)
def test_what_can_not_be_exported(at_home, member, fold, expected):
    with pytest.raises(ValueError, match=expected):
        export.main(member, fold)


def test_on_the_command_line(at_home, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["export", "net", "--fold", "7"])
    with pytest.raises(SystemExit, match="error: --fold 7: expected one of 0, 1"):
        run(export.main)


def test_a_missing_package_is_named(at_home, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ModuleNotFoundError, match=r"needs the package onnxscript: pip install -e \"\.\[export\]\""):
        export.main("net", 1)
