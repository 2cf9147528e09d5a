"""The report's sections in which networks are looked into: which images are shown, what explains them, and the section
of both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from competition.data.image_store import ImageStore
from competition.data.predictions import Predictions
from competition.ensembling.voting import soft_vote
from competition.folds.predictions import out_of_fold
from competition.report.cards import gallery
from competition.report.embedding_map import Embedding, embedding_section
from competition.report.explain.embedding import FEWEST, draw, features, member_features, to_plane
from competition.report.explain.heatmaps import explain_member
from competition.report.mistakes import MOST, OutOfFold, errors_section, worst_errors
from competition.report.pictures import rows_of
from competition.report.sections import Section
from competition.report.unsure import least_certain, unsure_section
from competition.settings.params import Settings

PerFold = Sequence[dict[str, Predictions]]


@dataclass(frozen=True, eq=False)
class Pages:
    """What sections are about. seen: ID, target, fold of the images out of fold; class_names: target -> readable name,
    classes in order.

    squares, test_squares: the packed data/augmented.arrow and data/test_squares.arrow; answers: test ID -> target, of
    final.csv.
    """

    settings: Settings
    seen: pd.DataFrame
    class_names: Mapping[str, str]
    squares: ImageStore
    test_squares: ImageStore
    answers: Mapping[str, str]


def member_with_network(ranked: Sequence[str], settings: Settings) -> str | None:
    """Return the first of the members `ranked`, best first, that is fine-tuned; else the first with a frozen network;
    else None.
    """
    for use in ("trained", "frozen"):
        for name in ranked:
            if settings.members[name].network_use == use:
                return name
    return None


def errors(member: str, per_fold: PerFold, pages: Pages) -> Section:
    """Return the section of the worst errors of `member`, each with the heat map of the network that didn't see the
    image.

    per_fold: what each fold of `settings.split.folds` predicted: `clean`, `test_like`, `test`. Raises as
    `explain_member`.
    """
    ids, folds = pages.seen["ID"].tolist(), pages.seen["fold"].to_numpy()
    test_like = out_of_fold(per_fold, "test_like", ids)
    said = OutOfFold(member, test_like, out_of_fold(per_fold, "clean", ids), pages.seen["target"].to_numpy(str), folds)
    shown = worst_errors(test_like, said.true)[:MOST]
    rows = rows_of(pages.squares, test_like.ids[shown].tolist(), "test_like")
    heats, note = explain_member(
        member, pages.settings, len(test_like.targets), pages.squares, rows, folds[shown], test_like.indices[shown]
    )
    return errors_section(said, pages.squares, pages.class_names, heats, note)


def unsure(member: str, per_fold: PerFold, pages: Pages) -> Section:
    """Return the section of the test images that `member`'s vote is least certain of, with its first fold's heat maps;
    see `errors`.
    """
    test, fold = soft_vote([views["test"] for views in per_fold]), pages.settings.split.folds[0]
    shown = least_certain(test)
    rows = rows_of(pages.test_squares, test.ids[shown].tolist())
    heats, note = explain_member(
        member,
        pages.settings,
        len(test.targets),
        pages.test_squares,
        rows,
        np.full(len(shown), fold),
        test.indices[shown],
    )
    return unsure_section(member, test, pages.test_squares, pages.class_names, pages.answers, heats, fold, note)


def embedding(member: str | None, per_fold: PerFold, pages: Pages) -> Section:
    """Return the section of the map of the images, as the network of `member` sees them; see `member_with_network` and
    `errors`.

    Of a fine-tuned network, its fold's own images and the test images; of a frozen one, all images; of too many, `draw`
    leaves some. Where the rules forbid a comparison with the test images, they are left out.
    """
    if member is None:
        return _no_map("No map: no member has a network.")
    settings, fold = pages.settings, pages.settings.split.folds[0]
    tuned = settings.members[member].network_use == "trained"
    own = pages.seen[pages.seen["fold"] == fold] if tuned else pages.seen
    test = soft_vote([views["test"] for views in per_fold])
    images = len(own) + len(test) * settings.rules.test_statistics
    chosen = draw(images, settings.ensemble.seed)
    if len(chosen) < FEWEST:
        return _no_map(f"No map: {len(chosen)} images are too few.")
    own, test = (
        own.iloc[chosen[chosen < len(own)]],
        test.select(test.ids[chosen[chosen >= len(own)] - len(own)].tolist()),
    )
    sources = [
        (store, rows_of(store, ids.tolist()))
        for store, ids in ((pages.squares, own["ID"]), (pages.test_squares, test.ids))
    ]
    places = _places(member, fold, pages, sources)
    found = Embedding(
        np.concatenate([own["ID"].to_numpy(str), test.ids]),
        places,
        np.concatenate([own["target"].to_numpy(str), test.answers]),
        np.arange(len(chosen)) >= len(own),
    )
    pictures = (store.image(row) for store, rows in sources for row in rows.tolist())
    return embedding_section(_lead(member, fold, tuned, len(chosen), images), found, pictures, pages.class_names)


def _places(member: str, fold: int, pages: Pages, sources: Sequence[tuple[ImageStore, np.ndarray]]) -> np.ndarray:
    """Return where the squares of `sources`, each a store and its rows, lie on the map: (N, 2)."""
    extract, size = member_features(member, pages.settings, len(pages.class_names), fold)
    values = np.concatenate([features(extract, store, rows, size) for store, rows in sources if len(rows)])
    return to_plane(values, pages.settings.ensemble.seed)


def _lead(member: str, fold: int, tuned: bool, shown: int, images: int) -> list[str]:
    whose = (
        f"the network of {member}, fold {fold}, sees them: of the training images only those of that fold, which it "
        "didn't train on"
        if tuned
        else f"the frozen network of {member} sees them"
    )
    drawn = f" Of {images} images {shown} are shown, drawn by the seed." if shown < images else ""
    return [
        f"Images lie near each other where {whose}.{drawn} UMAP laid them out by the features before the classifier: "
        "neighbourhoods "
        "mean something; the axes, and distances between far groups, don't. A training image among another class's "
        "is worth a look; "
        "where test images lie and no training image does, training lacks something."
    ]


def _no_map(why: str) -> Section:
    return Section("embedding", "Map of the images", gallery([why], []))
