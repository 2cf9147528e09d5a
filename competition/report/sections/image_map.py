"""Map of the images: near each other where a network sees them alike."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from competition.common import paths
from competition.data.image_store import ImageStore
from competition.data.label_sets import decode, encode, label_counts
from competition.data.predictions import Predictions
from competition.ensembling.voting import soft_vote
from competition.report.context import ReportContext
from competition.report.embedding_map import Embedding, embedding_map
from competition.report.explain.embedding import FEW, FEWEST, draw, features, member_features, to_plane
from competition.report.inline_images import rows_of
from competition.report.rendering import paragraph
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.settings.params import Settings

NO_LABEL = ""
RAREST = "An image with several labels has the colour of its rarest one."


@SECTIONS.register
class ImageMap(Section):
    """Map of the images as the best member's network sees them; see `member_with_network`."""

    order, title = 90, "Map of the images"
    reads = (
        paths.AUGMENTED_STORE,
        paths.TEST_RESIZED_STORE,
        paths.CLASSES,
        paths.FOLDS,
        paths.PREDICTIONS,
        paths.WEIGHTS,
        paths.LEADERBOARD,
    )

    def absent(self, context: ReportContext) -> str:
        seeing = member_with_network(context.ranked_members, context.settings)
        return "" if seeing else "No map: no member has a network."

    def body(self, context: ReportContext) -> Markup:
        return image_map(member_with_network(context.ranked_members, context.settings), context)


def member_with_network(ranked: Sequence[str], settings: Settings) -> str | None:
    """Return the first of `ranked` that is fine-tuned, else the first with a frozen network, else None."""
    for use in ("trained", "frozen"):
        for name in ranked:
            if settings.described(name).network_use == use:
                return name
    return None


def image_map(member: str, context: ReportContext) -> Markup:
    """Map of the images by the network of `member`.

    Of a fine-tuned network, its fold's own images and the test images; of a frozen one, all images; of too many, `draw`
    leaves some. Where the rules forbid a comparison with the test images, they are left out.
    """
    settings, fold = context.settings, context.settings.split.folds[0]
    tuned = settings.described(member).network_use == "trained"
    own = context.oof_images[context.oof_images["fold"] == fold] if tuned else context.oof_images
    test = soft_vote([parts["test"] for parts in context.predictions(member)])
    images = len(own) + len(test) * settings.rules.test_statistics
    chosen = draw(images, settings.ensemble.seed, settings.report.map_images)
    if len(chosen) < FEWEST:
        return paragraph(f"No map: {len(chosen)} images are too few.")
    own, test = (
        own.iloc[chosen[chosen < len(own)]],
        test.select(test.ids[chosen[chosen >= len(own)] - len(own)].tolist()),
    )
    sources = [
        (store, rows_of(store, ids.tolist()))
        for store, ids in ((context.augmented_images, own["ID"]), (context.test_images, test.ids))
    ]
    colours = context.class_names | ({NO_LABEL: "no label"} if context.several else {})
    embedding = Embedding(
        np.concatenate([own["ID"].to_numpy(str), test.ids]),
        _places(member, fold, context, sources),
        np.array(coloured_by(own["target"].tolist(), test, context.oof_images["target"].tolist())),
        np.arange(len(chosen)) >= len(own),
    )
    shown = (store.image(row) for store, rows in sources for row in rows.tolist())
    lead = [_lead(member, fold, tuned, len(chosen), images), RAREST * context.several]
    return embedding_map([text for text in lead if text], embedding, shown, colours)


def coloured_by(own: Sequence[str], test: Predictions, training: Sequence[str]) -> list[str]:
    """Return the class that colours each image: of the training images `own`, labels as text, and of `test`.

    Of several labels an image, its rarest among those of all `training` images; NO_LABEL without any.
    """
    if test.exclusive:
        return [*own, *test.answers.tolist()]
    targets = test.targets
    frequency = label_counts(encode(training, targets, several=True), len(targets))
    labels = np.concatenate([encode(own, targets, several=True), test.labels])
    rarest = np.where(labels == 1, frequency, len(training) + 1).argmin(axis=1)
    return np.where(labels.any(axis=1), decode(rarest, targets), NO_LABEL).tolist()


def _places(
    member: str, fold: int, context: ReportContext, sources: Sequence[tuple[ImageStore, np.ndarray]]
) -> np.ndarray:
    """Return places (N, 2) on the map of the images of `sources`, each a store and its rows."""
    extract, size = member_features(member, context.settings, len(context.class_names), fold)
    values = np.concatenate([features(extract, store, rows, size) for store, rows in sources if len(rows)])
    return to_plane(values, context.settings.ensemble.seed)


def _lead(member: str, fold: int, tuned: bool, shown: int, images: int) -> str:
    whose = (
        f"the network of {member}, fold {fold}, sees them: of the training images only those of that fold, which it "
        "didn't train on"
        if tuned
        else f"the frozen network of {member} sees them"
    )
    sampled = f" Of {images} images {shown} are shown, drawn by the seed." if shown < images else ""
    laid_out = (
        "They lie along the two principal components of the features before the classifier."
        if shown < FEW
        else "UMAP laid them out by the features before the classifier: neighbourhoods mean something; the axes, and "
        "distances between far groups, don't."
    )
    return (
        f"Images lie near each other where {whose}.{sampled} {laid_out} A training image among another class's is "
        "worth a look; where test images lie and no training image does, training lacks something."
    )
