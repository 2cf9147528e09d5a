"""The picture of a member's training: its format, its bytes, and that it shows what the histories say."""

import io

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from competition.leaderboard import learning_curves as curves
from competition.leaderboard.learning_curves import COLOURS, draw_curves

PIXELS = (1200, 750)


def history(path, epochs=8, seed=0):
    generator, epoch = np.random.default_rng(seed), np.arange(epochs)
    rows = pd.DataFrame(
        {
            "epoch": epoch,
            "loss": 2 * np.exp(-epoch / 5) + generator.normal(0, 0.03, epochs),
            "learning_rate": 1e-3 * np.cos(epoch / epochs),
            "images_per_s": generator.normal(60, 3, epochs),
            "seconds": 10.0,
            "clean": 1 - np.exp(-(epoch + 1) / 4),
            "test_like": 0.9 - 0.8 * np.exp(-(epoch + 1) / 6) + generator.normal(0, 0.01, epochs),
            "kept": (epoch == epochs // 2).astype(int),
        }
    )
    rows.to_csv(path, index=False, float_format="%.6g")
    return path


@pytest.fixture
def figures(monkeypatch):
    """Every figure that is drawn."""
    made, usual = [], curves.Figure

    def figure(*args, **kwargs):
        made.append(usual(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(curves, "Figure", figure)
    return made


def colours(path):
    """How many pixels have each of COLOURS, exactly."""
    image = np.array(Image.open(path).convert("RGB")).reshape(-1, 3)
    wanted = [[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in COLOURS]
    return [int((image == rgb).all(axis=1).sum()) for rgb in wanted]


@pytest.mark.slow
def test_a_picture_of_all_folds(tmp_path, figures):
    files = {fold: history(tmp_path / f"{fold}.csv", 60, seed=fold) for fold in (2, 0, 4, 1, 3)}
    path = tmp_path / "made" / "lite0.png"
    draw_curves(files, path, "macro F1")
    with Image.open(path) as image:
        assert image.format == "PNG" and image.size == PIXELS
    assert path.stat().st_size < 300_000
    found = colours(path)
    assert all(count > 300 for count in found[:5]) and not any(found[5:6])  # five folds, five colours
    assert figures[0].get_suptitle() == "lite0: 5 folds"
    for axes, column in zip(figures[0].axes, ("loss", None, "learning_rate", "images_per_s"), strict=True):
        if column:
            for fold, line in enumerate(axes.lines):
                assert np.allclose(line.get_xydata(), pd.read_csv(files[fold])[["epoch", column]])
    clean, test_like, ring = figures[0].axes[1].lines[:3]
    rows = pd.read_csv(files[0])
    assert np.allclose(clean.get_ydata(), rows["clean"]) and np.allclose(test_like.get_ydata(), rows["test_like"])
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (30, rows["test_like"][30])  # not the highest


@pytest.mark.slow
def test_equal_histories_give_equal_bytes_whatever_matplotlib_is_set_to(tmp_path):
    files = {0: history(tmp_path / "0.csv")}
    draw_curves(files, tmp_path / "a" / "lite0.png", "macro F1")
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "yellow"}):
        draw_curves(files, tmp_path / "b" / "lite0.png", "macro F1")
        assert matplotlib.rcParams["axes.facecolor"] == "yellow"
    first = (tmp_path / "a" / "lite0.png").read_bytes()
    assert first == (tmp_path / "b" / "lite0.png").read_bytes()
    assert Image.open(io.BytesIO(first)).info.keys() <= {"dpi"}  # no date, no version
    draw_curves({0: history(tmp_path / "1.csv", seed=1)}, tmp_path / "b" / "lite0.png", "macro F1")
    assert first != (tmp_path / "b" / "lite0.png").read_bytes()


def test_short_histories_and_none(tmp_path, figures):
    empty, header = tmp_path / "empty.csv", tmp_path / "header.csv"
    empty.write_text("")
    header.write_text("epoch,loss,learning_rate,clean,test_like,kept\n")
    grey = tmp_path / "grey.csv"
    grey.write_text("epoch,clean,test_like,c,seconds,kept\n0,0.81,0.42,0.01,3.5,1\n")  # what a classical member leaves
    for files in ({0: history(tmp_path / "one.csv", 1)}, {0: empty}, {0: header}, {0: grey, 1: empty}, {}):
        draw_curves(files, tmp_path / "short.png", "macro F1")
        assert Image.open(tmp_path / "short.png").size == PIXELS
    assert (figures[0].axes[0].get_xticks() % 1 == 0).all()  # epochs are whole
    # a line of one point can't be seen
    assert all(line.get_marker() == "o" for axes in figures[0].axes for line in axes.lines)
    silent = [[text.get_text() for text in axes.texts] for axes in figures[3].axes]
    assert [bool(texts) for texts in silent] == [True, False, True, True]  # grey has its macro F1, and nothing else
    assert [line.get_ydata()[0] for line in figures[3].axes[1].lines] == [0.81, 0.42, 0.42]
    assert all(axes.texts for axes in figures[4].axes)
