"""Left-out classes: how well images of none of the classes would be found."""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from competition.common import paths
from competition.data.label_sets import encode
from competition.ensembling.out_of_distribution import KEPT, Detection, left_out_detections
from competition.folds.predictions import out_of_fold
from competition.report.context import ReportContext
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import class_label, number, table


@SECTIONS.register
class LeftOutClasses(Section):
    """AUROC of each class's images where a member can't answer with that class, the worst found first.

    The best member with a frozen network, which has learnt nothing from the class, or else the best one.
    """

    order, title = 85, "None of these"
    reads = (paths.CLASSES, paths.FOLDS, paths.PREDICTIONS, paths.LEADERBOARD)

    def absent(self, context: ReportContext) -> str:
        if context.several:
            return "An image may have several labels here, or none, so that none can be told to be of no class."
        if len(context.class_names) < 3:
            return "There are two classes: with one left out, the answer to every image would be certain."
        return ""

    def body(self, context: ReportContext) -> Markup:
        (member, frozen), images = shown_member(context), context.oof_images
        oof = out_of_fold(context.predictions(member), "test_like", images["ID"].tolist())
        y_true = encode(images["target"].tolist(), tuple(context.class_names), several=False)
        found = left_out_detections(oof.probabilities, y_true)
        counts = np.bincount(y_true, minlength=len(found)).tolist()
        return left_out_classes(member, found, counts, context.class_names, frozen)


def shown_member(context: ReportContext) -> tuple[str, bool]:
    """Return the best member with a frozen network, and True; without one the best member, and False."""
    settings, ranked = context.settings, context.ranked_members
    frozen = [name for name in ranked if settings.described(name).network_use == "frozen"]
    return (frozen or ranked)[0], bool(frozen)


def left_out_classes(
    member: str, found: Sequence[Detection], counts: Sequence[int], class_names: Mapping[str, str], frozen: bool
) -> Markup:
    """Table of `found`, each class's, and the means; counts: images of each class; class_names: target -> name.

    frozen: whether the member's network has learnt nothing from the images.
    """
    rows = sorted(zip(class_names, found, counts, strict=True), key=lambda row: (np.isnan(row[1].auroc), row[1].auroc))
    cells = [
        [class_label(target, class_names), number(images, "d"), number(one.auroc), number(one.found, ".0%")]
        for target, one, images in rows
    ]
    columns = ("class", "images", "AUROC", "found")
    there = [one for one in found if not np.isnan(one.auroc)]
    return render(
        "left_out_classes",
        member=member,
        frozen=frozen,
        kept=KEPT,
        auroc=np.mean([one.auroc for one in there]) if there else None,
        found=np.mean([one.found for one in there]) if there else None,
        table=table("Each class left out, test-like, out of fold", columns, cells, sortable=True),
    )
