"""Model card of an export, README.md: YAML front matter as model hubs read it, then what a user has to know.

https://huggingface.co/docs/hub/model-cards
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata

import numpy as np
import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from competition.common.seeds import generator
from competition.data.label_sets import label_counts
from competition.ensembling.precision_curve import PrecisionCurve
from competition.metrics.calibration import expected_calibration_error, fit_temperature, log_loss
from competition.metrics.per_class import confusion_matrix, per_class_f1
from competition.models.shipped_weights import LITE, PACKAGES
from competition.serving.export import LOSS, Exported
from competition.serving.onnx_models import INT8, MODEL
from competition.settings.distil import ALL
from competition.settings.finetuned import FinetunedSettings
from competition.settings.params import Settings
from competition.training.fold_data import FoldData

ONNXRUNTIME = ">=1.18"  # the oldest that reads the models
NO_LICENCE = "nobody said under which licence: pass them on to nobody."
PRECISION = 0.95  # of the answers above the threshold that the card names
CONFUSIONS, WEAK = 10, 0.7  # pairs shown at the most; F1 below which a class is named as weak
RESAMPLES, CONFIDENCE = 1000, 0.95
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
_TEMPLATES = Environment(
    loader=PackageLoader("competition.serving"), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
)
_TEMPLATES.filters["cell"] = lambda text: " ".join(text.replace("|", "\\|").split())  # of a table in Markdown


@dataclass(frozen=True)
class Origin:
    """Whose a model is: author and licence of its weights, and what its images show; "" where nobody said."""

    author: str = ""
    licence: str = ""
    about: str = ""


def model_card(exported: Exported, folds: pd.DataFrame, settings: Settings, origin: Origin = Origin()) -> str:
    """Return the card of `exported`. folds: ID, target, fold, group of all images."""
    data, facts, scored = exported.data, exported.facts, exported.scored
    member, whole = settings.described(facts["member"]), facts["fold"] == ALL
    y_true, plain = data.valid_labels[scored], exported.probabilities[MODEL]["test_like"]
    groups = folds.set_index("ID")["group"].reindex(np.array(data.valid_ids)[scored]).to_numpy(str)
    rows = _scores(exported, data, y_true, groups)
    per_class = _per_class(exported, data, y_true, plain)
    weak = [row["class_name"] for row in per_class if row["f1"] and float(row["f1"]) < WEAK]
    megabytes = {file: f"{len(model) / 1e6:.1f}" for file, model in exported.models.items()}
    answer = ANSWERS[data.several]
    left_out = None if INT8 in exported.models else INT8
    title = facts["member"] if whole else f"{facts['member']}, fold {facts['fold']}"
    return _TEMPLATES.get_template("model_card.md").render(
        front_matter=_front_matter(title, rows, data, settings, origin),
        title=title,
        facts=facts,
        whole=whole,
        classes=facts["classes"],
        several=data.several,
        upright=facts["upright"],
        author=origin.author,
        about=origin.about or "Nobody said what the images show, where they come from, or in which languages.",
        folds=len(settings.split.folds),
        onnxruntime=ONNXRUNTIME,
        usage=USAGE.replace("ANSWER", answer),
        many=MANY.replace("ANSWER", answer),
        page=settings.prepare.page,
        views=len(facts["views"]),
        all_views=ALL_VIEWS.replace("ANSWER", answer),
        int8=INT8 in exported.models,
        calibrated=exported.calibrated,
        size=megabytes[MODEL],
        size_int8=megabytes.get(INT8),
        loss=exported.loss,
        loss_words=_loss_words(exported.loss, data.metric.label),
        allowed=LOSS,
        metric=data.metric.label,
        order_note=data.metric.order_note,
        images=len(folds),
        trained_on=len(data.train_labels),
        competition=f"the competition `{settings.submit.slug}`" if settings.submit.slug else "a competition",
        augmented=member.augmented,
        policy=settings.augment.policy,
        damage=", ".join(name.replace("_", " ") for name in settings.augment.transforms_for("test_like")),
        start=start_of(member),
        per_class=per_class,
        scored=len(scored),
        of=len(data.valid_ids) if len(scored) < len(data.valid_ids) else 0,
        scores=rows,
        best_kept=member.keep == "best",
        temperature=_calibration_words(facts["temperature"], plain, y_true),
        sure="" if data.several else _sure_words(plain, y_true),
        confusions=[] if data.several else _confusions(y_true, plain, facts["classes"]),
        weak=", ".join(weak),
        threads=exported.threads,
        speeds=", ".join(f"{name} {speed:.0f}" for name, speed in exported.speeds.items() if name != left_out),
        licence_words=f"{origin.licence}." if origin.licence else NO_LICENCE,
        version=_version(),
    )


def _version() -> str:
    try:
        return " " + metadata.version("foldvote")
    except metadata.PackageNotFoundError:  # run from a checkout that isn't installed
        return ""


def _calibration_words(temperature: float, probabilities: np.ndarray, y_true: np.ndarray) -> str:
    if temperature != 1:
        return f"are calibrated: the files divide logits by {temperature:.2f}, fitted out of fold."
    best = fit_temperature(probabilities, y_true)
    bias = "too sure" if best > 1 else "not sure enough"
    return f"aren't calibrated: test-like they are {bias}, and logits divided by {best:.2f} would be best."


def _sure_words(probabilities: np.ndarray, y_true: np.ndarray) -> str:
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
    if member.weights != "shipped":
        return "weights of a file, whose licence isn't known here."
    name = PACKAGES.get(member.network.removeprefix("hybrid_"))
    try:
        about = metadata.metadata(name)
        known = [about.get("License-Expression"), about.get("License"), LICENCES.get(name)]
        licence = next(one for one in [*known, "not said in it"] if one and one != "UNKNOWN")
    except (metadata.PackageNotFoundError, ValueError):
        licence = "not known here"
    return f"ImageNet weights of the package `{name}` (licence: {licence})."


def _loss_words(loss: float, metric: str) -> str:
    if loss <= 0:
        return f"no loss of {metric} (it gains {-loss:.4f})" if loss else f"the same {metric}"
    return f"{loss:.4f} of {metric} less"


def _scores(exported: Exported, data: FoldData, y_true: np.ndarray, groups: np.ndarray) -> list[dict]:
    metric, rows = data.metric, []
    for file in exported.models:
        for condition, probabilities in exported.probabilities[file].items():
            answers = metric.plain(probabilities, data.several)
            random = generator(0, "model card")  # the same resamples for all
            value, low, high = metric.with_interval(
                y_true, answers, probabilities.shape[1], RESAMPLES, CONFIDENCE, random, groups
            )
            labels = (probabilities >= 0.5).astype(np.uint8) if data.several else probabilities.argmax(axis=1)
            alike = labels == y_true
            rows.append(
                {
                    "model": file,
                    "condition": condition,
                    "value": value,
                    "score": f"{value:.4f} ({low:.4f} to {high:.4f})",
                    "accuracy": f"{np.mean(alike if alike.ndim == 1 else alike.all(axis=1)):.4f}",
                    "log_loss": f"{log_loss(probabilities, y_true):.4f}",
                    "calibration": f"{expected_calibration_error(probabilities, y_true):.4f}",
                }
            )
    return rows


def _per_class(exported: Exported, data: FoldData, y_true: np.ndarray, probabilities: np.ndarray) -> list[dict]:
    classes = exported.facts["classes"]
    labels = (probabilities >= 0.5).astype(np.uint8) if data.several else probabilities.argmax(axis=1)
    found = per_class_f1(y_true, labels, len(classes))
    images = label_counts(data.train_labels, len(classes))
    return [
        one | {"images": int(count), "scored": int(scored), "f1": f"{f1:.3f}" if scored else ""}
        for one, count, scored, f1 in zip(classes, images, label_counts(y_true, len(classes)), found, strict=True)
    ]


def _confusions(y_true: np.ndarray, probabilities: np.ndarray, classes: Sequence[Mapping[str, str]]) -> list[dict]:
    matrix = confusion_matrix(y_true, probabilities.argmax(axis=1), len(classes))
    np.fill_diagonal(matrix, 0)
    pairs = sorted(zip(*np.nonzero(matrix), strict=True), key=lambda pair: -matrix[pair])[:CONFUSIONS]
    names = [one["class_name"] for one in classes]
    return [{"actual": names[a], "predicted": names[p], "images": int(matrix[a, p])} for a, p in pairs]


def _front_matter(title: str, rows: Sequence[dict], data: FoldData, settings: Settings, origin: Origin) -> str:
    name = data.metric.name
    scores = [
        {"type": name.split("_")[0] if name.startswith("f1") else name, "value": round(row["value"], 4)}
        | {"name": f"{data.metric.title}, out of fold, {row['condition']}, {row['model']}"}
        for row in rows
    ]
    task = {"type": "image-classification"}
    result = {"task": task, "dataset": {"type": "custom", "name": settings.submit.slug or "competition"}}
    content = {
        "license": origin.licence or "unknown",
        "library_name": "onnx",
        "pipeline_tag": "image-classification",
        "tags": ["onnx", "onnxruntime", "image-classification", "foldvote"],
        "model-index": [{"name": title, "results": [result | {"metrics": scores}]}],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
