"""Effects: what can happen to a page. Each is a function with `@EFFECTS.register(...)`, whose name is the effect's."""

from competition.augmentation.effect_registry import EffectRegistry

EFFECTS = EffectRegistry(
    "effect",
    __name__,
    order=("ink", "paper", "wear", "pose", "framing", "bending", "camera", "light", "cover", "noise", "blur", "colour"),
)
