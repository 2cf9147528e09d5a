"""Which copy comes when, and how it is flipped and turned."""

import numpy as np
import pytest
import torch

from competition.data.image_store import ImageStore, write_rows
from competition.data.images import decode_jpeg, encode_jpeg
from competition.data.letterbox import resize
from competition.data.orientations import oriented_image
from competition.inference.loader import batch_count, batches, epoch_rows, epoch_size, stack

COPIES = np.arange(7 * 5).reshape(7, 5) + 100


def test_an_epoch_sees_each_image_once_as_one_of_its_copies():
    for epoch in range(12):
        order, rows = epoch_rows(COPIES, 3, epoch, 4)
        assert sorted(order) == list(range(7))
        assert all(row in COPIES[image] for image, row in zip(order, rows, strict=True))


def test_a_lap_uses_every_copy_once():
    for lap in range(3):
        seen = np.concatenate([epoch_rows(COPIES, 3, lap * 5 + step, 4)[1] for step in range(5)])
        assert sorted(seen) == sorted(COPIES.ravel())


UNEQUAL = [np.arange(k) + 100 * n for n, k in enumerate([3, 3, 7, 4, 9, 30])]


def test_with_unequal_copies_a_lap_still_uses_every_view_once():
    views = np.concatenate(UNEQUAL)
    for lap in range(3):
        epochs = [epoch_rows(UNEQUAL, 3, lap * 3 + step, 1000) for step in range(3)]  # 3: the fewest views
        assert sorted(np.concatenate([rows for _, rows in epochs])) == sorted(views)
        for step, (order, rows) in enumerate(epochs):
            assert (rows // 100 == order).all()
            for image, k in enumerate([3, 3, 7, 4, 9, 30]):
                assert (order == image).sum() in {k // 3, -(-k // 3)}
            assert epoch_size(UNEQUAL, lap * 3 + step) == len(rows)


def test_an_epochs_images_come_in_no_order():
    order, _ = epoch_rows(UNEQUAL, 0, 0, 1000)
    assert (np.diff(order) < 0).any() and list(order) != list(epoch_rows(UNEQUAL, 0, 3, 1000)[0])


def test_the_size_counts_what_a_last_batch_of_one_leaves_out():
    sizes = [epoch_size(UNEQUAL, epoch) for epoch in range(3)]
    assert sum(sizes) == sum(map(len, UNEQUAL))
    for epoch, size in enumerate(sizes):
        for batch_size in range(2, 9):
            rows = epoch_rows(UNEQUAL, 0, epoch, batch_size)[1]
            assert len(rows) == (size - 1 if size % batch_size == 1 else size)
            assert batch_count(size, batch_size) == -(-len(rows) // batch_size)


def test_an_epoch_is_a_function_of_seed_and_number():
    draws = {(seed, epoch): epoch_rows(COPIES, seed, epoch, 4) for seed in range(3) for epoch in range(6)}
    for (seed, epoch), (order, rows) in draws.items():
        np.random.seed(epoch)  # global state changes nothing
        again = epoch_rows(COPIES, seed, epoch, 4)
        assert (again[0] == order).all() and (again[1] == rows).all()
    assert len({tuple(rows) for _, rows in draws.values()}) == len(draws)


def test_laps_differ_in_the_order_of_their_copies():
    laps = [
        [dict(zip(*epoch_rows(COPIES, 0, lap * 5 + step, 4), strict=True))[0] for step in range(5)] for lap in range(8)
    ]
    assert len({tuple(lap) for lap in laps}) > 1


@pytest.mark.parametrize(
    ("images", "batch_size", "left"), [(7, 3, 6), (7, 4, 7), (7, 6, 6), (8, 4, 8), (1, 4, 1), (4, 3, 3)]
)
def test_a_last_batch_of_one_is_left_out(images, batch_size, left):
    order, rows = epoch_rows(np.arange(images * 2).reshape(images, 2), 0, 0, batch_size)
    assert len(order) == len(rows) == left and len(set(order)) == left


def test_the_image_left_out_changes_from_epoch_to_epoch():
    left_out = {(set(range(7)) - set(epoch_rows(COPIES, 0, epoch, 3)[0])).pop() for epoch in range(30)}
    assert len(left_out) > 3


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "x.arrow"
    squares = np.random.default_rng(0).integers(0, 256, (11, 24, 24, 3), dtype=np.uint8)
    write_rows(path, [{"id": str(n), "image": encode_jpeg(square, 90)} for n, square in enumerate(squares)])
    return ImageStore(path)


@pytest.mark.parametrize("batch_size", [1, 4, 5, 11, 50])
def test_batches_are_the_rows_in_order(store, batch_size):
    rows = np.random.default_rng(0).permutation(11)
    found = list(batches(store, rows, 16, batch_size))
    assert [len(pixels) for pixels, _ in found] == [len(rows[i : i + batch_size]) for i in range(0, 11, batch_size)]
    assert np.concatenate([positions for _, positions in found]).tolist() == list(range(11))
    for pixels, positions in found:
        assert pixels.dtype == torch.uint8
        for image, position in zip(pixels.numpy(), positions, strict=True):
            assert (image == resize(decode_jpeg(store.encoded(rows[position])), 16, 16)).all()


def test_each_row_of_a_batch_is_turned_by_its_own_orientation(store):
    rows, orientations = np.arange(11), np.random.default_rng(1).integers(8, size=11)
    found = torch.cat([pixels for pixels, _ in batches(store, rows, 24, 4, orientations)]).numpy()
    for image, row, orientation in zip(found, rows, orientations, strict=True):
        assert (image == oriented_image(store.image(row), orientation)).all()


def test_no_rows_no_batches(store):
    assert list(batches(store, np.array([], np.int64), 16, 4)) == []


def test_stacked_squares_keep_their_size_when_it_is_asked_for(store):
    assert (stack(store, np.array([3]), 24)[0].numpy() == store.image(3)).all()
