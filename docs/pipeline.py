"""Draws docs/pipeline.png, the README's picture: `python docs/pipeline.py`."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch  # noqa: E402

GREY, BLUE, GREEN, ORANGE = (
    ("#f6f8fa", "#8c959f"),
    ("#eaf2fb", "#4a7fb5"),
    ("#eef6ec", "#5a9a53"),
    ("#fdf3e3", "#c48a2c"),
)
WIDTH, HEIGHT = 164, 92

BOXES = {  # name: centre x, centre y, colours, sheets behind it, lines
    "data/raw": (86, 180, GREY, 0, "train.csv  train/\nsample_submission.csv\ntest/"),
    "prepare": (285, 180, BLUE, 0, "reads each image once,\nlists what is broken"),
    "split": (485, 300, BLUE, 0, "near-duplicates grouped,\nK folds, no group\non both sides"),
    "upright": (485, 180, BLUE, 0, "finds pages and turns\nthem upright, learnt\nwithout labels"),
    "augment": (485, 60, BLUE, 0, "damaged training copies,\na clean and a test-like\nvalidation image"),
    "train": (690, 255, GREEN, 2, "members x folds, scored\nout of fold: clean\nand test-like"),
    "specialize": (690, 105, GREEN, 2, "the hard classes only;\nadapt: test images too;\nrefit: all images at once"),
    "review": (895, 295, ORANGE, 0, "labels that are probably\nwrong, ranked:\nlabel_review.csv"),
    "vote": (895, 165, ORANGE, 0, "soft and hard votes,\nscored out of fold:\nleaderboard.csv"),
    "report": (1095, 295, ORANGE, 0, "one page to look at,\nwithout network:\nreport/index.html"),
    "ensemble": (1095, 165, ORANGE, 0, "the best candidate\nout of fold, checked:\nfinal.csv"),
}
ARROWS = [
    ("data/raw", "prepare"),
    ("prepare", "split"),
    ("prepare", "augment"),
    ("split", "upright"),
    ("upright", "augment"),
    ("split", "train"),
    ("augment", "train"),
    ("augment", "specialize"),
    ("train", "specialize"),
    ("train", "review"),
    ("train", "vote"),
    ("specialize", "vote"),
    ("vote", "ensemble"),
    ("review", "report"),
    ("ensemble", "report"),
]


def main() -> None:
    figure, axes = plt.subplots(figsize=(12.4, 3.6))
    axes.set(xlim=(0, 1180), ylim=(5, 365))
    axes.axis("off")
    for begin, end in ARROWS:
        axes.add_patch(
            FancyArrowPatch(*_ends(begin, end), arrowstyle="-|>", mutation_scale=11, color="#57606a", lw=1.3)
        )
    for name, (x, y, (fill, edge), behind, lines) in BOXES.items():
        for sheet in range(behind, -1, -1):
            corner = (x - WIDTH / 2 + 5 * sheet, y - HEIGHT / 2 + 5 * sheet)
            axes.add_patch(
                FancyBboxPatch(corner, WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=8", fc=fill, ec=edge)
            )
        axes.text(x, y + 29, name, ha="center", va="center", fontsize=11.5, fontweight="bold", color="#1f2328")
        axes.text(x, y - 10, lines, ha="center", va="center", fontsize=7.4, color="#424a53", linespacing=1.35)
    legend = (640, BLUE, "the data, once"), (800, GREEN, "networks, per fold"), (990, ORANGE, "votes, in seconds")
    for x, colours, text in legend:
        axes.add_patch(
            FancyBboxPatch((x, 18), 14, 12, boxstyle="round,pad=0,rounding_size=3", fc=colours[0], ec=colours[1])
        )
        axes.text(x + 22, 24, text, va="center", fontsize=9, color="#424a53")
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=160, bbox_inches="tight", facecolor="white")


def _ends(begin: str, end: str) -> tuple[tuple[float, float], tuple[float, float]]:
    (x, y, *_), (to_x, to_y, *_) = BOXES[begin], BOXES[end]
    if x == to_x and to_y > y:
        return (x, y + HEIGHT / 2), (to_x, to_y - HEIGHT / 2)
    if x == to_x:
        return (x, y - HEIGHT / 2), (to_x, to_y + HEIGHT / 2 + 6.5 * BOXES[end][3])
    lean = (to_y - y) * 0.12
    return (x + WIDTH / 2 + 5 * BOXES[begin][3], y + lean), (to_x - WIDTH / 2, to_y - lean)


if __name__ == "__main__":
    main()
