"""An export against torch, what its card says, and its five lines in a process with neither torch nor us."""

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from makers.alone import run_alone
from makers.packed import TARGETS, marked_page
from makers.project import UNREADABLE, project  # noqa: F401
from PIL import Image, UnidentifiedImageError

from competition.data.image_store import ImageStore
from competition.data.images import read_image
from competition.data.letterbox import letterbox
from competition.data.predictions import CONDITIONS
from competition.folds.leakage import LeakError
from competition.folds.split import read_folds, write_folds
from competition.inference.tta import orientation_weights, oriented_batch
from competition.members.named import member_named
from competition.metrics.calibration import expected_calibration_error
from competition.serving import export as module
from competition.serving import onnx_models
from competition.serving.export import described
from competition.serving.letterbox_graph import letterbox_graph
from competition.serving.model_card_words import ONNXRUNTIME
from competition.serving.new_images import packed_image
from competition.serving.onnx import with_probabilities
from competition.serving.onnx_models import calibration_rows
from competition.serving.standalone.page import read_page
from competition.settings.load import load_settings
from competition.settings.task import TaskSettings
from competition.training.fold_data import load_fold
from pipelines import export
from pipelines._main import run

pytestmark = pytest.mark.slow

onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")
pytest.importorskip("onnxscript", reason="the extra `export` is not installed")

FOLDER = Path("exports/lite0-1")


@pytest.fixture(scope="module")
def exported(project, tmp_path_factory):  # noqa: F811
    """The project's folder, in which lite0 of fold 1 is exported; whatever eight bits cost, they are kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setattr(module, "LOSS", 1.0)
        export.main("lite0", 1, author="the forms team", licence="mit", about="small marked pages")
    return project


@pytest.fixture
def at_home(exported, monkeypatch):
    monkeypatch.chdir(exported)
    return exported


def session(file="model.onnx"):
    return runtime.InferenceSession(FOLDER / file, providers=["CPUExecutionProvider"])


def answers_of_torch(images):
    """Logits (N, 3) of the trained network, of `images` letterboxed by OpenCV."""
    settings = load_settings()
    network, normalise = member_named("lite0", settings).trained_network(1, 3)
    boxed = np.stack([letterbox(image, 32, settings.augment.fill) for image in images])
    with torch.inference_mode():
        return network.eval()(normalise(torch.from_numpy(boxed))).numpy()


def test_squares_have_torchs_logits_any_number_at_once(at_home):
    store = ImageStore("data/test_squares.arrow")
    squares = np.stack([letterbox(store.image(row), 32) for row in range(len(store))])
    expected = answers_of_torch(squares)
    for number in (1, 2, len(squares)):
        probabilities, logits = session().run(None, {"images": squares[:number]})
        assert np.abs(logits - expected[:number]).max() < 1e-4
        assert probabilities == pytest.approx(torch.from_numpy(logits).softmax(dim=1).numpy(), abs=1e-6)
    assert np.ptp(expected, axis=0).max() > 0.01  # or any picture would do


def test_pages_of_any_size_have_torchs_logits(at_home):
    pages = [marked_page(*shape) for shape in ((90, 64), (41, 64), (20, 13))]
    expected = answers_of_torch(pages)
    for page, logits in zip(pages, expected, strict=True):
        assert session().run(["logits"], {"images": page[None]})[0][0] == pytest.approx(logits, abs=0.02)


@pytest.mark.parametrize("shape", [(90, 64), (41, 64), (33, 7), (500, 3), (1, 1), (20, 13), (31, 30), (32, 32)])
def test_the_graphs_letterbox_is_ours(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    graph = letterbox_graph(onnx, 32, 200, (0.25, 0.5, 0), (1, 0.5, 1 / 255), 18, 10)
    onnx.checker.check_model(graph, full_check=True)
    found = runtime.InferenceSession(graph.SerializeToString()).run(None, {"images": image[None]})[0][0]
    expected = letterbox(image, 32, 200).transpose(2, 0, 1).astype(float)
    found = (found * np.array([1, 0.5, 1 / 255])[:, None, None] + np.array([0.25, 0.5, 0])[:, None, None]) * 255
    grows = max(shape) < 32  # there OpenCV computes in whole numbers
    assert np.abs(found - expected).max() < (1.001 if grows else 1e-3)


def test_five_lines_classify_a_page_where_there_is_no_torch_and_no_project(at_home, tmp_path):
    """The card's own lines, in a copy of the export's folder and nothing else."""
    lines = re.search(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)[1]
    assert len(lines.splitlines()) == 5
    alone = tmp_path / "alone"
    alone.mkdir()
    for path in FOLDER.iterdir():
        (alone / path.name).write_bytes(path.read_bytes())
    page = marked_page(90, 64)
    Image.fromarray(page).save(alone / "page.jpg", quality=95)
    (alone / "five.py").write_text(lines)
    done = run_alone(["five.py"], alone, tmp_path / "site", ("competition", "pipelines", "torch", "cv2", "timm"))
    name, probability = done.stdout.split()
    expected = torch.from_numpy(answers_of_torch([read_image(alone / "page.jpg")])).softmax(dim=1)[0]
    assert name == ["bright", "dark", "striped"][int(expected.argmax())]
    assert float(probability) == pytest.approx(float(expected.max()), abs=0.01)


def test_the_cards_other_lines_run_and_the_first_from_the_folder_above_too(at_home, tmp_path):
    five, many, all_views = re.findall(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
    alone, hidden = tmp_path / "lite0-1", ("competition", "torch", "cv2")
    shutil.copytree(FOLDER, alone)
    (alone / "pages").mkdir()
    for name, shape in (("pages/a.jpg", (90, 64)), ("pages/b.jpg", (40, 70)), ("page.jpg", (90, 64))):
        Image.fromarray(marked_page(*shape)).save(alone / name, quality=95)
    (alone / "all.py").write_text(five + many + all_views)
    one, *each, mean = run_alone(["all.py"], alone, tmp_path / "site", hidden).stdout.splitlines()
    assert [line.split()[0] for line in each] == ["a.jpg", "b.jpg"] and each[0].split()[1] == one.split()[0]
    views, page = json.loads((FOLDER / "model.json").read_text())["views"], read_image(alone / "page.jpg")
    seen = [np.rot90(np.fliplr(page) if view["flip"] else page, view["quarter_turns"]) for view in views]
    told = torch.from_numpy(answers_of_torch(map(np.ascontiguousarray, seen))).softmax(dim=1).numpy()
    expected = np.average(told, axis=0, weights=[view["weight"] for view in views])
    assert float(mean.split()[1]) == pytest.approx(expected.max(), abs=0.01)
    five = five.replace('"model', '"lite0-1/model').replace('"page', '"lite0-1/page')
    five = 'import sys; sys.path.insert(0, "lite0-1")\n' + five
    (tmp_path / "above.py").write_text(five)
    assert run_alone(["above.py"], tmp_path, tmp_path / "site", hidden).stdout.strip() == one


def test_the_models_can_be_read_by_the_oldest_runtime_that_the_card_asks_for(at_home):
    assert ONNXRUNTIME == ">=1.18"  # whose release notes name these versions
    for path in FOLDER.glob("*.onnx"):
        model = onnx.load(path)
        opsets = [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")]
        assert model.ir_version <= 10 and max(opsets) <= 21, path.name


def test_a_process_alone_sees_neither_torch_nor_the_project(tmp_path):
    """Or the test before this one could not fail."""
    root = Path(export.__file__).parents[1]
    for line in ("import torch", "import competition", f"open({str(root / 'pipelines/export.py')!r})"):
        done = run_alone(["-c", line], tmp_path, tmp_path / "site", ("torch", "competition"), check=False)
        assert done.returncode and "not to be seen from here" in done.stderr


def test_pages_are_read_as_ours(tmp_path):
    grey = np.arange(12 * 8, dtype=np.uint16).reshape(12, 8)
    colours = np.random.default_rng(0).integers(0, 256, (12, 8, 4)).astype(np.uint8)
    Image.fromarray(grey * 40).save(tmp_path / "deep.png")
    Image.fromarray(grey * 40).save(tmp_path / "deep_transparent.png", transparency=400)
    Image.fromarray(colours).save(tmp_path / "transparent.png")
    Image.fromarray(colours[..., 0]).save(tmp_path / "grey.tif")
    Image.fromarray(colours[..., :3]).convert("P").save(tmp_path / "palette.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    Image.fromarray(colours[..., :3]).save(tmp_path / "turned.jpg", exif=exif)
    for path in sorted(tmp_path.iterdir()):
        assert (read_page(path) == read_image(path)).all(), path.name
    large = np.repeat(np.repeat(colours[..., :3], 10, axis=0), 10, axis=1)
    Image.fromarray(large).save(tmp_path / "large.png")
    assert (read_page(tmp_path / "large.png", 12) == colours[..., :3]).all()  # a whole factor: blocks of one colour
    assert max(read_page(tmp_path / "large.png", 100).shape) == 120  # never below it


def test_the_cards_scores_are_those_of_the_models(at_home):
    """By hand: the file asked about each image of its fold; which all others saw."""
    folds = read_folds("folds/folds.csv")
    own = folds[folds["fold"] == 1]
    store = ImageStore("data/augmented.arrow")
    rows = {pair: row for row, pair in enumerate(zip(store.column("source_id"), store.column("view"), strict=True))}
    y_true = np.array([TARGETS.index(target) for target in own["target"]])
    card = (FOLDER / "README.md").read_text()
    for file in ("model.onnx", "model_int8.onnx"):
        for condition in CONDITIONS:
            images = [store.image(rows[id_, condition])[None] for id_ in own["ID"]]
            found = np.concatenate([session(file).run(["probabilities"], {"images": one})[0] for one in images])
            accuracy = (found.argmax(axis=1) == y_true).mean()
            row = next(line for line in card.splitlines() if line.startswith(f"| {file} | {condition} |"))
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            assert float(cells[3]) == pytest.approx(accuracy, abs=1e-4)
            assert float(cells[5]) == pytest.approx(expected_calibration_error(found, y_true), abs=2e-3)
            low, high = map(float, re.findall(r"[\d.]+", cells[2])[1:])
            assert low <= float(cells[2].split()[0]) <= high


def test_the_card_has_front_matter_for_hubs_and_says_whose_it_is(at_home):
    card = (FOLDER / "README.md").read_text()
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["license"] == "mit" and front["pipeline_tag"] == "image-classification"
    assert front["model-index"][0]["results"][0]["metrics"][1]["type"] == "f1"
    kept = "epochs was chosen by them, which makes the scores slightly too good"
    for words in ("by the forms team", "Weights: mit.", "\nsmall marked pages\n", "must not be used for", kept):
        assert words in card
    assert "(9 images" not in card and "| bright | 7 | 3 | 3 |" in card  # 18 images, two folds, three classes


def test_the_files_say_what_they_take_and_give(at_home):
    facts = json.loads((FOLDER / "model.json").read_text())
    for file in ("model.onnx", "model_int8.onnx"):
        inside = {key: json.loads(value) for key, value in session(file).get_modelmeta().custom_metadata_map.items()}
        assert inside == facts
        onnx.checker.check_model(str(FOLDER / file))
    assert (facts["size"], facts["fill"], facts["input"]["channel_order"]) == (32, 255, "RGB")
    assert [one["target"] for one in facts["classes"]] == list(TARGETS) and not facts["several_labels"]
    assert facts["check"]["largest_logit_difference"] < 1e-4
    operators = {node.op_type for node in onnx.load(FOLDER / "model_int8.onnx").graph.node}
    assert "QuantizeLinear" in operators


def test_all_files_together_were_tried_on_the_test_images_that_can_be_read(at_home):
    """By hand: the file as `page.py` reads it, against torch behind what `predict` does."""
    settings, differences, same = load_settings(), [], 0
    for path in sorted(Path("data/raw/test").iterdir()):
        if path.name != UNREADABLE:
            found = session().run(["probabilities"], {"images": read_page(path)[None]})[0][0]
            packed = packed_image(path, settings.prepare, settings.augment)
            expected = torch.from_numpy(answers_of_torch([packed])).softmax(dim=1)[0].numpy()
            differences.append(np.abs(found - expected).max())
            same += found.argmax() == expected.argmax()
    tried = json.loads((FOLDER / "model.json").read_text())["end_to_end"]
    assert tried["images"] == len(differences) == 7 and tried["same_answer"] == same
    assert tried["largest_probability_difference"] == pytest.approx(max(differences), rel=0.1, abs=1e-4)
    assert f"the same answer on {same} of them" in (FOLDER / "README.md").read_text()


def test_without_the_test_images_as_files_nothing_is_tried(at_home, monkeypatch, capsys):
    made_before(monkeypatch)
    Path("data/raw").rename("data/elsewhere")
    try:
        export.main("lite0", 1)
    finally:
        Path("data/elsewhere").rename("data/raw")
    assert "checked from files on images=0" in capsys.readouterr().out
    assert "the same answer on" not in (FOLDER / "README.md").read_text()


def test_the_views_are_ours(at_home):
    views = json.loads((FOLDER / "model.json").read_text())["views"]
    image = torch.from_numpy(letterbox(marked_page(90, 64), 32))
    tta = load_settings().tta
    weights = {element: weight for element, weight in enumerate(orientation_weights(tta.passes, tta.seed)) if weight}
    assert [view["weight"] for view in views] == list(weights.values())
    for element, view in zip(weights, views, strict=True):
        square = np.fliplr(image.numpy()) if view["flip"] else image.numpy()
        assert (np.rot90(square, view["quarter_turns"]) == oriented_batch(image, element, (0, 1)).numpy()).all()


def test_eight_bits_learn_their_ranges_from_training_images(at_home):
    settings = load_settings()
    folds, stores = read_folds("folds/folds.csv"), ("data/augmented.arrow", "data/test_squares.arrow")
    data = load_fold(1, folds, TARGETS, *stores, metric=None)
    sources = np.array(data.store.column("source_id"))[calibration_rows(data)]
    assert set(sources) == set(folds[folds["fold"] != 1]["ID"]) and settings.split.folds == (0, 1)


def test_eight_bits_that_cost_too_much_are_left_out(at_home, monkeypatch, capsys):
    monkeypatch.setattr(module, "LOSS", -2.0)
    made_before(monkeypatch)
    export.main("lite0", 1)
    assert not (FOLDER / "model_int8.onnx").exists() and (FOLDER / "model.onnx").exists()
    card = (FOLDER / "README.md").read_text()
    assert "left out: it cost" in card and "model_int8.onnx` is the same" not in card
    assert "license: unknown" in card and "nobody said" in card
    assert "warning: int8 is left out" in capsys.readouterr().out


def made_before(monkeypatch):
    """The very network in the exporter's and the quantiser's place."""
    monkeypatch.setattr(onnx_models, "to_onnx", lambda *rest: network_of(FOLDER / "model.onnx"))
    monkeypatch.setattr(onnx_models.int8, "quantised", lambda network, inputs: network)


def network_of(path):
    """The very network out of an export, without what stands before and behind it; it takes seconds to make."""
    return onnx.utils.Extractor(onnx.load(path)).extract_model(["inputs"], ["logits"])


def test_logits_that_differ_leave_everything_as_it_was(at_home, monkeypatch):
    plain = module.torch_logits
    monkeypatch.setattr(module, "torch_logits", lambda *rest: plain(*rest) + 2e-4)
    made_before(monkeypatch)
    before = {path: path.read_bytes() for path in FOLDER.iterdir()}
    with pytest.raises(ValueError, match="lite0, fold 1: ONNX Runtime's logits are up to 0.0002 away"):
        export.main("lite0", 1)
    assert {path: path.read_bytes() for path in FOLDER.iterdir()} == before


def test_several_labels_have_a_probability_each(at_home):
    task = TaskSettings(labels="multi", answer="label_list", metric="f1_samples")
    settings = load_settings().model_copy(update={"task": task})
    assert described(settings.members["lite0"], settings, dict.fromkeys(TARGETS, "name"))["several_labels"]
    model = with_probabilities(network_of(FOLDER / "model.onnx"), several=True)
    inputs = np.zeros((1, 3, 32, 32), np.float32)
    probabilities, logits = runtime.InferenceSession(model.SerializeToString()).run(None, {"inputs": inputs})
    assert probabilities == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-6)


@pytest.mark.parametrize(
    ("member", "fold", "expected"),
    [
        ("grey", 0, "member grey: expected one of kind finetuned: lite0"),
        ("lite9", 0, "member lite9: expected one"),
        ("lite0", 5, "--fold 5: expected one of 0, 1"),
    ],
)
def test_what_can_not_be_exported(at_home, member, fold, expected):
    with pytest.raises(ValueError, match=expected):
        export.main(member, fold)


def test_on_the_command_line(at_home, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["export", "lite0", "--fold", "7"])
    with pytest.raises(SystemExit, match="error: --fold 7: expected one of 0, 1"):
        run(export.main)


def test_a_missing_package_is_named(at_home, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ModuleNotFoundError, match=r"needs the package onnxscript: pip install -e \"\.\[export\]\""):
        export.main("lite0", 1)


def test_the_pages_reader_runs_no_program_either(tmp_path):
    """Pillow would start Ghostscript for EPS where it is installed."""
    Image.new("RGB", (8, 8)).save(tmp_path / "x.eps")
    with pytest.raises(UnidentifiedImageError):
        read_page(tmp_path / "x.eps")


def test_an_export_that_was_edited_stays(at_home):
    card = FOLDER / "README.md"
    before = card.read_text()
    card.write_text(before + "Not for receipts.\n")
    try:
        with pytest.raises(ValueError, match="exports/lite0-1: 1 file is not as this command wrote them.*: README.md"):
            export.main("lite0", 1)
    finally:
        card.write_text(before)


def test_weights_of_another_split_are_refused(at_home):
    """Or they would be scored on images that they learnt from."""
    folds = Path("folds/folds.csv")
    before = folds.read_text()
    frame = read_folds(folds)
    frame["fold"] = 1 - frame["fold"]
    write_folds(folds, frame)
    try:
        with pytest.raises(
            LeakError, match="folds/predictions/lite0/1.npz: .* it comes from another split, run `dvc repro"
        ):
            export.main("lite0", 1)
    finally:
        folds.write_text(before)
