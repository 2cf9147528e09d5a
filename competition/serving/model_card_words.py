"""Words of the model card: lines of Python that ask the model, and sentences that depend on what was measured."""

import math
from importlib import metadata

import numpy as np

from competition.ensembling.precision_curve import PrecisionCurve
from competition.metrics.calibration import fit_temperature
from competition.models.document_weights import DOCUMENT_PACKAGES
from competition.models.shipped_weights import LITE, PACKAGES
from competition.settings.finetuned import FinetunedSettings

ONNXRUNTIME = ">=1.18"  # the oldest that reads the models
NO_LICENCE = "nobody said under which licence: pass them on to nobody."
PRECISION = 0.95  # of the answers above the threshold that the card names
LICENCES = dict.fromkeys(LITE.values(), "Apache-2.0")  # of packages whose metadata don't say
# lines that ask the model; ANSWER stands for one of ANSWERS, of a label or of several
USAGE = """import onnxruntime
from page import class_names, read_page
session = onnxruntime.InferenceSession("model.onnx")
probabilities = session.run(["probabilities"], {"images": read_page("page.jpg")[None]})[0][0]
print(ANSWER)
"""
MANY = """from pathlib import Path
for path in sorted(Path("pages").glob("*.jpg")):
    probabilities = session.run(["probabilities"], {"images": read_page(path)[None]})[0][0]
    print(path.name, ANSWER)
"""
ALL_VIEWS = """import json
import numpy as np
page, probabilities = read_page("page.jpg"), 0
for view in json.load(open("model.json"))["views"]:
    seen = np.ascontiguousarray(np.rot90(page[:, ::-1] if view["flip"] else page, view["quarter_turns"]))
    probabilities += view["weight"] * session.run(["probabilities"], {"images": seen[None]})[0][0]
print(ANSWER)
"""
ANSWERS = (
    "class_names(session)[probabilities.argmax()], round(float(probabilities.max()), 4)",
    "[name for name, share in zip(class_names(session), probabilities) if share >= 0.5]",
)


def version_words() -> str:
    """Return this project's version behind a blank, or nothing where it isn't installed."""
    try:
        return " " + metadata.version("foldvote")
    except metadata.PackageNotFoundError:  # run from a checkout that isn't installed
        return ""


def calibration_words(temperature: float, probabilities: np.ndarray, y_true: np.ndarray) -> str:
    """Return the end of a sentence on the probabilities: how they are calibrated, or would be."""
    if temperature != 1:
        return f"are calibrated: the files divide logits by {temperature:.2f}, fitted out of fold."
    best = fit_temperature(probabilities, y_true)
    bias = "too sure" if best > 1 else "not sure enough"
    return f"aren't calibrated: test-like they are {bias}, and logits divided by {best:.2f} would be best."


def sure_words(probabilities: np.ndarray, y_true: np.ndarray) -> str:
    """Return a sentence: from which probability on answers can be relied on."""
    curve = PrecisionCurve.of(probabilities.max(axis=1), probabilities.argmax(axis=1) == y_true)
    threshold = curve.threshold(PRECISION)
    if threshold.value is None:
        return f"At no probability {PRECISION:.0%} of the answers are sure to be right: have a person look at each."
    least = math.floor(1e4 * threshold.value) / 1e4
    return (
        f"Test-like, {threshold.precision:.1%} of the answers with a probability of at least {least:.4f} are right (of "
        f"other such images {PRECISION:.0%} or more, nine times of ten), and {threshold.share:.0%} of the images have "
        "such an answer: have a person look at the others."
    )


def start_of(member: FinetunedSettings) -> str:
    """Return a sentence: which weights training started from, and their licence."""
    if member.weights == "none":
        return "random weights."
    if member.weights == "hub":
        return f"weights of timm's `{member.network}`, from the hub, whose page says under which licence."
    if member.weights not in ("shipped", "documents"):
        return "weights of a file, whose licence isn't known here."
    packages, kind = (PACKAGES, "ImageNet") if member.weights == "shipped" else (DOCUMENT_PACKAGES, "Document")
    name = packages.get(member.network.removeprefix("hybrid_"))
    try:
        about = metadata.metadata(name)
        known = [about.get("License-Expression"), about.get("License"), LICENCES.get(name)]
        licence = next(one for one in [*known, "not said in it"] if one and one != "UNKNOWN")
    except (metadata.PackageNotFoundError, ValueError):
        licence = "not known here"
    return f"{kind} weights of the package `{name}` (licence: {licence})."


def loss_words(loss: float, metric: str) -> str:
    """Return what eight bits cost, in words."""
    if loss <= 0:
        return f"no loss of {metric} (it gains {-loss:.4f})" if loss else f"the same {metric}"
    return f"{loss:.4f} of {metric} less"
