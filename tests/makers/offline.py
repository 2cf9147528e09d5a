"""A set packed by the offline augmentation."""

from competition.augmentation.offline import Augmenter
from competition.data.packing import build
from competition.settings.augment import AugmentSettings
from competition.settings.machine import MachineSettings

# Of each kind one or more: banked and direct document noise, our effects, all of the camera, Albumentations.
NAMES = """
    ink_bleed ink_color_swap noise_texturize watermark fade crease mirror quarter_turn rotate perspective
    grid_distortion background lighting_gradient shadow cover gauss_noise motion_blur jpeg colour_jitter
""".split()


SETTINGS = AugmentSettings(
    size=48,
    copies=3,
    balance=0.5,
    policy="none",
    bank_layers=2,
    transforms={name: {"probability": 0.5} for name in NAMES},
    test_like={
        "policy": "none",
        "held_out": ["motion_blur"],
        "transforms": {"motion_blur": {"probability": 1}, "shadow": {"probability": 1}},
    },
)


def packed(folder, bank, path, source="train.arrow", **machine):
    augmenter = Augmenter(str(folder / source), SETTINGS, bank)
    build(
        path,
        range(11),
        augmenter,
        path.with_suffix(".state"),
        part_size=2,
        machine=MachineSettings(**machine),
        title="augment",
    )
    return path
