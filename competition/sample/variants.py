"""The samples there are: the default one and the hard one."""

from competition.sample import classes, documents
from competition.sample.damage import damage
from competition.sample.hard import classes as hard_classes
from competition.sample.hard import difficulty
from competition.sample.hard.damage import damage as hard_damage
from competition.sample.variant import Variant

DEFAULT = Variant(
    name="",
    version=1,
    class_names=classes.CLASS_NAMES,
    shares=classes.SHARES,
    families=(classes.LOOK_ALIKES,),
    painters=documents.PAINTERS,
    damage=damage,
    wrong_labels=0.01,
)
HARD = Variant(
    name="hard",
    version=1,
    class_names=hard_classes.CLASS_NAMES,
    shares=hard_classes.SHARES,
    families=hard_classes.LOOK_ALIKES,
    painters=hard_classes.PAINTERS,
    damage=hard_damage,
    wrong_labels=difficulty.WRONG_LABELS,
)
VARIANTS = {variant.name: variant for variant in (DEFAULT, HARD)}
