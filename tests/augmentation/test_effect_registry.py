"""Effects registered: their order, which decides random draws; what is refused; an effect of a plugin file."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from competition.augmentation.effect_registry import PHASES, Effect
from competition.augmentation.effects import EFFECTS
from competition.augmentation.fitting.families import as_mapping, scaled
from competition.augmentation.offline import Augmenter, copies_code
from competition.augmentation.policy import damaged
from competition.common.registry import load_plugin
from competition.data.image_store import write_rows
from competition.data.images import encode_jpeg
from competition.settings.augment import AugmentSettings

PLUGIN = Path(__file__).parents[1] / "plugins/dummy_effect.py"
# a copy's random numbers are dealt in this order: a change of it changes every copy
ORDER = """
    ink_bleed ink_mottling ink_color_swap ink_shifter low_ink_lines letterpress dithering double_exposure fade
    pattern moire voronoi delaunay brightness_texturize noise_texturize subtle_noise color_paper stains dirty_drum
    dirty_rollers dirty_screen noisy_lines watermark folding spill highlight crease speckle
    mirror transpose quarter_turn rotate tilt perspective stretch shift_scale crop optical_distortion grid_distortion
    background grey_fill
    lighting_gradient shadow_cast reflected_light low_light_noise lcd_screen shadow lamp
    cover torn_corner
    gauss_noise iso_noise salt_and_pepper multiplicative_noise gaussian_blur motion_blur downscale jpeg
    brightness contrast gamma colour_shift colour_jitter to_grey invert
""".split()
OURS = "fade spill crease rotate shadow cover gauss_noise brightness gamma".split()
ASK = """
import competition.augmentation.effects.noise, competition.augmentation.effects.cover
from competition.augmentation.effects import EFFECTS
print(*EFFECTS.names())
"""


@pytest.fixture
def plugin():
    load_plugin(PLUGIN)
    yield
    del EFFECTS._things["dummy_effect"], sys.modules["plugin.dummy_effect"]
    EFFECTS._names = None


def image():
    return np.random.default_rng(0).integers(100, 256, (60, 40, 3), dtype=np.uint8)


def test_the_order_is_pinned_whatever_is_imported_first():
    assert list(EFFECTS.drawn_together()) == list(EFFECTS.names()) == ORDER
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ORDER
    assert sorted(ORDER, key=lambda name: PHASES.index(EFFECTS[name].phase)) == ORDER


LIGHT = """
import sys
from competition.augmentation.albumentations_functions import pixel_functions
pixel_functions()
assert not {"torch", "huggingface_hub"} & set(sys.modules)
import huggingface_hub.constants
"""


def test_albumentations_brings_no_torch_and_hides_nothing_afterwards():
    subprocess.run([sys.executable, "-c", LIGHT], check=True)


def test_the_documentation_names_every_effect():
    text = (Path(__file__).parents[2] / "docs/augmentation.md").read_text(encoding="utf-8")
    assert not [name for name in ORDER if f"`{name}`" not in text]


def test_only_the_camera_has_effects_without_a_function():
    for name, effect in EFFECTS.items():
        assert (effect.apply is None) == (effect.phase == "camera"), name
        assert effect.name == name and effect.unit != "" and 0 < effect.probability <= 1, name


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"apply": None}, "no function"),
        ({"family": None}, "family None needs a reason"),
        ({"family": "fog"}, "family 'fog', expected one of turn, camera"),
        ({"phase": "lens"}, "phase 'lens', expected one of ink, paper"),
        ({"range": (0.5, 2.0)}, r"neutral 0 and range \(0.5, 2.0\), expected within \(0.0, 1.0\)"),
        ({"neutral": -1.0}, "neutral -1"),
        ({"probability": 2.0}, "probability 2, expected 0 to 1"),
    ],
)
def test_an_effect_that_lacks_something_is_refused_where_it_is_registered(wrong, told):
    with pytest.raises(ValueError, match=f"effect foggy: {told}"):
        Effect(
            **{"name": "foggy", "module": "m", "phase": "light", "unit": "depth", "family": "light", "apply": len}
            | wrong
        )
    with pytest.raises(TypeError, match="family"):

        @EFFECTS.register(phase="light", unit="depth")
        def foggy(image, generator, amount):
            return image


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="effect fade: there is one of that name, in competition.augmentation.effects"):

        @EFFECTS.register(phase="light", unit=None, family="light")
        def fade(image, generator, amount):
            return image


def test_a_plugins_effect_is_named_drawn_and_fitted_and_changes_no_other_copy(plugin):
    plain = AugmentSettings(size=48, policy="none", transforms={name: {"probability": 0.5} for name in OURS})
    before = [damaged(image(), "a", "train", number, plain) for number in range(8)]
    settings = AugmentSettings(size=48, policy="none", transforms={"dummy_effect": {"probability": 1}})
    found = damaged(image(), "a", "train", 0, settings)
    assert 10 <= found[24, 24, 0] <= 60 and found[24, 12, 0] > 90
    assert EFFECTS.names()[-1] == "dummy_effect" and list(EFFECTS.drawn_together()) == ORDER
    assert EFFECTS.plugins() == (str(PLUGIN),)
    with pytest.raises(ValueError, match=r"dummy_effect.range: \[0, 300\].* within 0 and 255: grey level"):
        AugmentSettings(transforms={"dummy_effect": {"probability": 1, "range": [0, 300]}})
    stronger = scaled(settings, {"noise.strength": 1.5})["dummy_effect"]
    assert stronger.range == (0, 0)  # away from the neutral 255, within the limits
    assert as_mapping(settings.merged())["dummy_effect"] == {"probability": 1.0, "range": [10.0, 60.0]}
    del EFFECTS._things["dummy_effect"]
    EFFECTS._names = None
    after = [damaged(image(), "a", "train", number, plain) for number in range(8)]
    assert all((one == other).all() for one, other in zip(before, after, strict=True))
    EFFECTS.add(
        "dummy_effect", module="plugin.dummy_effect", phase="camera", unit=None, family="noise"
    )  # for the fixture's end


@pytest.mark.slow
def test_a_worker_loads_the_plugins_of_what_it_is_handed(plugin, tmp_path):
    write_rows(tmp_path / "train.arrow", [{"id": "a", "target": "x", "image": encode_jpeg(image(), 95)}])
    settings = AugmentSettings(size=48, copies=1, policy="none", transforms={"dummy_effect": {"probability": 1}})
    augmenter = Augmenter(str(tmp_path / "train.arrow"), settings)
    (tmp_path / "augmenter").write_bytes(pickle.dumps(augmenter))
    code = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb'))([0])[0][2]['image'].hex())"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "augmenter"], capture_output=True, text=True, check=True
    )
    assert bytes.fromhex(done.stdout.strip()) == augmenter([0])[0][2]["image"]


def test_the_state_of_copies_is_named_by_the_plugins_too(plugin, tmp_path):
    with_plugin = copies_code()
    sys.modules["plugin.dummy_effect"].__file__ = str(tmp_path / "dummy_effect.py")
    (tmp_path / "dummy_effect.py").write_text("# edited")
    assert copies_code() != with_plugin
