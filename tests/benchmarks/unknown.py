"""How well images of classes that a network never saw are found, by several unknown scores; and what the report says.

    python tests/benchmarks/unknown.py PROJECT [--member lite0] [--fold 0] [--groups 4] [--epochs 6] [--test]

PROJECT: a folder whose stages have run up to `augment`; nothing in it is changed. Its classes are dealt out into
GROUPS, by the seed; for each group the member is trained on the fold's training images of the other classes, and once
on those of all. Then each answers the fold's own images, test-like, of all classes; with --test the test images, whose
labels data/solution.csv has. AUROC: that an image of a left-out class has a higher score than one of the known
classes; the mean over classes, each against all known images of its network. `found`: how many of them are rejected
where 95% of the known ones are kept. Scores of probabilities: entropy, msp (maximum softmax probability, Hendrycks and
Gimpel 2017), gen (generalised entropy, Liu et al. 2023). Of one look at each image: msp_one_look,
max_logit, energy (Liu et al. 2020), and by penultimate features mahalanobis (tied covariance, Lee et al. 2018) and knn
(Sun et al. 2022). `report`: what the report's section says, from the network that was trained on all classes;
`correlation`: of its AUROC with msp's, over classes. Where PROJECT has a final vote, `kept_test`: the share of
its test images, all of known classes, that --reject-unknown 0.95 would keep. The last line is one JSON object.
"""

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from scipy.special import entr, logsumexp
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors
from stages import truth

from competition.common import paths
from competition.common.seeds import generator
from competition.data.classes import read_classes
from competition.data.image_store import ImageStore
from competition.data.label_sets import encode
from competition.ensembling.final_vote import read_final_vote
from competition.ensembling.out_of_distribution import detection, left_out_detections, unknown_scores
from competition.folds.predictions import out_of_fold, read_fold, read_networks
from competition.folds.split import read_folds
from competition.inference.tta import orientation_weights
from competition.members.make import make_member
from competition.members.member import Fit, Fitted
from competition.metrics.make import make_metric
from competition.report.explain.embedding import features, pooled
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.training.fold_data import FoldData, load_fold

NEIGHBOURS, GAMMA = 10, 0.1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--member", default="lite0")
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--groups", type=int, default=4, help="one class each, if as many as classes")
    parser.add_argument("--epochs", type=int, help="instead of the member's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--classes", nargs="*", help="targets that are left out, all others being known throughout")
    parser.add_argument("--test", action="store_true", help="score the test images, by data/solution.csv")
    return parser.parse_args()


@dataclass(frozen=True, eq=False)
class Scored:
    """Images that are scored: `rows` (N,) of `store`, with labels (N,)."""

    store: ImageStore
    rows: np.ndarray
    labels: np.ndarray


class Trained:
    """A member trained on the images of the classes `known` (K,), and its scores of the images `scored`."""

    def __init__(
        self,
        given: argparse.Namespace,
        settings: Settings,
        data: FoldData,
        scored: Scored,
        known: list[int],
        cache: Path,
    ):
        changed = {} if given.epochs is None else {"epochs": given.epochs}
        member = make_member(settings.members[given.member].model_copy(update=changed), given.member)
        weights = orientation_weights(settings.tta.passes, settings.tta.seed)
        state = cache / f"state-{'-'.join(map(str, known))}"
        own = data.only(known)
        fit = Fit(tuple(map(str, known)), weights, state, cache=cache)
        self.fitted, self.settings = member.fit(own, fit), member.settings
        self.probabilities = self.fitted.predict_proba(scored.store, scored.rows, weights)
        answers = np.array(known)[self.probabilities.argmax(axis=1)]
        self.right = float(np.mean(answers == scored.labels))
        self.scores = scores_of_probabilities(self.probabilities)
        if member.settings.network_use == "trained":
            one_look = self.fitted.predict_proba(scored.store, scored.rows, None)
            self.scores["msp_one_look"] = unknown_scores(one_look)
            self.scores |= scores_of_features(self.fitted, self.settings, scored, own)


def scores_of_probabilities(probabilities: np.ndarray) -> dict[str, np.ndarray]:
    p = probabilities.astype(np.float64)
    return {
        "msp": unknown_scores(p),
        "entropy": entr(p).sum(axis=1),
        "gen": (np.clip(p, 0, 1) ** GAMMA * (1 - np.clip(p, 0, 1)) ** GAMMA).sum(axis=1),
    }


def scores_of_features(fitted: Fitted, settings: object, scored: Scored, known: FoldData) -> dict[str, np.ndarray]:
    """Scores of the images `scored`, by the trained network's logits and features, `known` being what it learnt."""
    head = fitted.network.get_classifier()
    weight, bias = (value.detach().float().cpu().numpy() for value in (head.weight, head.bias))
    extract = pooled(fitted.network, fitted.normalise, settings.size, settings.precision)
    shown = np.array([own[place] for own in known.train_rows for place in (0, 1)])  # clean, and a damaged copy
    labels = np.repeat(known.train_labels, 2)
    train = features(extract, known.store, shown, settings.size)
    new = features(extract, scored.store, scored.rows, settings.size)
    logits = new @ weight.T + bias
    means = np.stack([train[labels == label].mean(axis=0) for label in np.unique(labels)])
    places = np.searchsorted(np.unique(labels), labels)
    precision = LedoitWolf(assume_centered=True).fit(train - means[places]).precision_
    gaps = new[:, None] - means
    distances = np.einsum("ncf,fg,ncg->nc", gaps, precision, gaps, optimize=True)
    unit = [one / np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-12) for one in (train, new)]
    neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(unit[0]).kneighbors(unit[1])[0][:, -1]
    return {
        "max_logit": -logits.max(axis=1),
        "energy": -logsumexp(logits, axis=1),
        "mahalanobis": distances.min(axis=1),
        "knn": neighbours,
    }


def groups_of(given: argparse.Namespace, targets: tuple[str, ...]) -> list[list[int]]:
    chosen = np.array([targets.index(one) for one in given.classes or targets])
    order = generator(given.seed, "unknown").permutation(chosen)
    return [sorted(part.tolist()) for part in np.array_split(order, min(given.groups, len(order))) if len(part)]


def scored_images(given: argparse.Namespace, data: FoldData, targets: tuple[str, ...]) -> Scored:
    if not given.test:
        return Scored(data.store, data.valid_rows["test_like"], data.valid_labels)
    labels = encode(truth(Path(), data.test_ids).tolist(), targets, several=False)
    return Scored(data.test_store, np.arange(len(labels)), labels)


def reported(
    given: argparse.Namespace, settings: Settings, targets: tuple[str, ...], whole: Trained, scored: Scored
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels that the report looks at: with --test, and where the stages have trained the member, of
    all folds.
    """
    if not (given.test and all(paths.predictions(given.member, fold).is_file() for fold in settings.split.folds)):
        return whole.probabilities, scored.labels
    folds = read_folds(paths.FOLDS)
    images = folds[folds["fold"] >= 0]
    parts = [read_fold(given.member, fold, folds, targets) for fold in settings.split.folds]
    oof = out_of_fold(parts, "test_like", images["ID"].tolist())
    return oof.probabilities, encode(images["target"].tolist(), targets, several=False)


def kept_of_test(settings: Settings, targets: tuple[str, ...]) -> dict[str, float] | None:
    """Share of the test images that the final vote's threshold keeps, and what it promised; None without a vote."""
    if not paths.FINAL_VOTE.is_file():
        return None
    final, folds = read_final_vote(), read_folds(paths.FOLDS)
    vote = final.vote()
    if "specialist" in vote.parts:
        vote = final.votes[vote.parts[0]]
    parts = {name: read_networks(name, settings.networks_of(name), folds, targets) for name in vote.parts}
    voted = vote.predict({name: [fold["test"] for fold in networks] for name, networks in parts.items()})
    rejection = final.rejections[vote.name].threshold(0.95)
    kept = 1 - rejection.is_unknown(unknown_scores(voted.predictions.probabilities)).mean()
    return {"vote": vote.name, "kept": round(float(kept), 4), "out_of_fold": round(rejection.kept, 4)}


def main() -> None:
    given = parse()
    os.chdir(given.project)
    settings, targets = load_settings(), tuple(read_classes(paths.CLASSES))
    folds, began = read_folds(paths.FOLDS), perf_counter()
    stores = paths.AUGMENTED_STORE, paths.TEST_RESIZED_STORE
    data = load_fold(given.fold, folds, targets, *stores, make_metric(settings.task), settings.task.several)
    scored = scored_images(given, data, targets)
    groups, found = groups_of(given, targets), {}
    with TemporaryDirectory() as cache:
        whole = Trained(given, settings, data, scored, list(range(len(targets))), Path(cache))
        print(f"all classes: accuracy {whole.right:.4f}, {perf_counter() - began:.0f} s", flush=True)
        for group in groups:
            known = [label for label in range(len(targets)) if label not in group]
            trained = Trained(given, settings, data, scored, known, Path(cache))
            is_known = np.isin(scored.labels, known)
            for label in group:
                here = scored.labels == label
                found[label] = {k: detection(v[is_known], v[here]) for k, v in trained.scores.items()}
            print([targets[label] for label in group], f"{perf_counter() - began:.0f} s", flush=True)
    report = left_out_detections(*reported(given, settings, targets, whole, scored))
    labels = [label for label in found if not np.isnan(report[label].auroc)]
    for label in sorted(labels, key=lambda label: found[label]["msp"].auroc):
        figures = {name: round(one.auroc, 3) for name, one in found[label].items()}
        print(targets[label], figures, "report", round(report[label].auroc, 3))
    mean = {
        name: {key: round(float(np.mean([getattr(found[label][name], key) for label in labels])), 4) for key in KEYS}
        for name in found[labels[0]]
    }
    pairs = np.array([(report[label].auroc, found[label]["msp"].auroc) for label in labels])
    estimate = {key: round(float(np.mean([getattr(report[label], key) for label in labels])), 4) for key in KEYS}
    result = {"member": given.member, "fold": given.fold, "epochs": given.epochs, "groups": len(groups)}
    result |= {"images": len(scored.labels), "accuracy": round(whole.right, 4), "scores": mean, "report": estimate}
    result |= {"correlation": round(float(np.corrcoef(pairs.T)[0, 1]), 3), "kept_test": kept_of_test(settings, targets)}
    print(json.dumps(result | {"seconds": round(perf_counter() - began)}))


KEYS = ("auroc", "found")

if __name__ == "__main__":
    main()
