"""Damage of the hard sample's test pages: the default sample's more often, and kinds of its own."""

from functools import partial

from competition.sample import camera, defects
from competition.sample.damage import Damage
from competition.sample.hard import capture, difficulty, wear

BEFORE = (
    (wear.show_through, 0.12),
    (defects.crease, 0.35),
    (wear.crumple, 0.2),
    (wear.pen, 0.2),
    (wear.stamp, 0.2),
    (wear.punched, 0.15),
    (wear.tape, 0.12),
    (defects.cover, 0.3),
)
AFTER = (
    (defects.shadow, 0.4),
    (capture.blinds, 0.12),
    (capture.sleeve, 0.15),
    (defects.cast, 0.4),
    (defects.fade, 0.3),
    (defects.expose, 0.3),
    (capture.misregistered, 0.15),
    (defects.blur, 0.5),
    (capture.jam, 0.12),
    (capture.fax, 0.08),
    (defects.noise, 0.45),
)


def _scaled(damage):
    return tuple((defect, difficulty.WEAR * probability) for defect, probability in damage)


damage = Damage(
    _scaled(BEFORE),
    _scaled(AFTER),
    partial(camera.scanned, side_range=difficulty.SCAN_SIDE_RANGE),
    partial(
        camera.photographed,
        slant_range=difficulty.SLANT_RANGE,
        room_range=difficulty.ROOM_RANGE,
        side_range=difficulty.PHOTO_SIDE_RANGE,
        ground=capture.desk,
    ),
    difficulty.SEVERE,
    difficulty.SEVERE_FACTOR,
)
