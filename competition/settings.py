"""params.yaml as checked, documented, frozen objects.

One class per section. An unknown key, a value out of range or two keys that contradict each other end in one
`ValueError` that names every such key as it stands in the file (`members.lite0.learning_rate`).
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from competition.catalogue import CATALOGUE, shipped_policy

Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]
ExternalName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]

NO_FILES = ("shipped", "hub", "none")  # what `weights` may say but the name of a file
ENSEMBLES = ("hard_top", "hard", "soft", "foldwise_hard", "weighted_soft", "greedy", "stacking")  # names of candidates
# what submissions/ calls something else: files, columns of its tables, and a word of `ensemble.choose`
RESERVED = ("specialist", "final", "leaderboard", "oof", "confusion", "report", "auto", "target", "class_name", "images", *ENSEMBLES)


class Section(BaseModel):
    """Base of every section: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CompetitionSettings(Section):
    """Where the competition's files are, and what their columns are called."""

    root: str = Field("data/raw", description="folder with train.csv, sample_submission.csv, train/ and test/")
    id: str = Field("ID", description="column that names the image")
    target: str = Field("target", description="column with the class")
    answer: str | None = Field(None, description="column of a submission with the class, where it isn't called as `target` is")
    class_name: str = Field("class_name", description="column of meta.csv with the class's readable name")
    group: str = Field("group", description="optional column: images of one group never stand on both sides of a split")

    @property
    def submission_columns(self) -> tuple[str, str]:
        """What a submission's two columns are called."""
        return self.id, self.answer or self.target


class RulesSettings(Section):
    """What the competition allows. A setting that breaks a rule is refused when params.yaml is read, and so is a command that would."""

    external_data: bool = Field(
        True, description="false: of what was learnt elsewhere only `weights: shipped` (ImageNet), and no votes of submissions/external")
    pseudo_labels: bool = Field(False, description="whether members may learn from their own answers to the test images")
    test_statistics: bool = Field(
        True, description="false: test images are read to be answered, and for nothing else: no policy is fitted to them, nor are they "
                          "compared with the training images")
    public_submissions: int | None = Field(None, ge=0, description="most submissions whose public score may be asked; null: any number")

    @model_validator(mode="after")
    def _check(self) -> "RulesSettings":
        if self.pseudo_labels and not self.test_statistics:
            raise ValueError("pseudo_labels: true, but test_statistics: false; pseudo-labels are test images that are learnt from")
        return self

    def broken_by(self, key: str, member: Section) -> list[str]:
        """Return what the member (or specialist) under `key` does against the rules, each as a setting and the rule."""
        weights, pseudo_labels = getattr(member, "weights", "none"), getattr(member, "pseudo_labels", 0)
        problems = []
        if not self.external_data and weights not in ("shipped", "none"):
            problems.append(f"{key}.weights: {weights}, but rules.external_data: false allows only shipped and none")
        if not self.pseudo_labels and pseudo_labels:
            problems.append(f"{key}.pseudo_labels: {pseudo_labels:g}, but rules.pseudo_labels: false")
        return problems


class PrepareSettings(Section):
    """How images are packed, and which are taken for one."""

    longest_side: int = Field(512, ge=16, description="pixels; larger images are shrunk to it, smaller ones kept")
    quality: int = Field(92, ge=1, le=100, description="JPEG quality of the packed images")
    near_duplicate_similarity: float = Field(
        0.95, ge=0.8, le=1, description="correlation of two aligned grey thumbnails from which on they show the same page: such pages are "
        "listed, and stay on one side of every split. Lower: pages of one layout too; 1: only what looks exactly the same"
    )


class SplitSettings(Section):
    """Who is scored by whom."""

    folds: tuple[int, ...] = Field((0, 1, 2, 3, 4), description="the folds' numbers, 0 upwards; their count is K")
    seed: int = Field(0, ge=0)
    holdout: Share = Field(0.0, description="share of the training images that no fold ever sees")

    @model_validator(mode="after")
    def _check(self) -> "SplitSettings":
        if len(self.folds) < 2 or self.folds != tuple(range(len(self.folds))):
            raise ValueError(f"folds: expected [0, 1, ...] with at least 2 folds, found {list(self.folds)}")
        if self.holdout > 0.9:
            raise ValueError(f"holdout: {self.holdout} leaves too little to train on; at most 0.9")
        return self


class TransformSettings(Section):
    """How often a transform is drawn, and how strong it then is."""

    probability: Share
    range: tuple[float, float] | None = Field(
        None, description="of the amount, drawn uniformly; its unit is in competition/catalogue.py. Left out: the policy's"
    )


Transforms = dict[str, TransformSettings]


def _check_transforms(transforms: Transforms) -> Transforms:
    unknown = sorted(set(transforms) - set(CATALOGUE))
    if unknown:
        raise ValueError(f"no such transform: {unknown}; there are {sorted(CATALOGUE)}")
    for name, transform in transforms.items():
        if transform.range is None:
            continue
        (low, high), (least, most) = transform.range, CATALOGUE[name].limits
        if not least <= low <= high <= most:
            raise ValueError(f"{name}.range: [{low:g}, {high:g}], expected two rising numbers within {least:g} and {most:g}: "
                             f"{CATALOGUE[name].amount}")
    return transforms


CheckedTransforms = Annotated[Transforms, AfterValidator(_check_transforms)]


class PolicySettings(Section):
    """A shipped policy, and what is changed in it."""

    policy: Literal["light", "document", "heavy", "none"] = Field("document", description="see competition/policies; none: no damage")
    transforms: CheckedTransforms = Field({}, description="transforms that replace the policy's of the same name")

    def merged(self) -> Transforms:
        """Return every transform that can be drawn, by name, in the catalogue's order."""
        shipped = {} if self.policy == "none" else shipped_policy(self.policy)
        ranges = {name: values.get("range", (1.0, 1.0)) for name, values in {**shipped_policy("document"), **shipped}.items()}
        probabilities = {name: values["probability"] for name, values in shipped.items()}
        for name, transform in self.transforms.items():
            probabilities[name] = transform.probability
            ranges[name] = transform.range or ranges[name]
        return {name: TransformSettings.model_construct(probability=probabilities[name], range=tuple(ranges[name]))  # all checked before
                for name in CATALOGUE if probabilities.get(name, 0) > 0}


def _with_text_keys(factors: object) -> object:
    return {str(target): factor for target, factor in factors.items()} if isinstance(factors, dict) else factors  # YAML's 7 is a number


def _with_text_items(targets: object) -> object:
    return tuple(map(str, targets)) if isinstance(targets, list | tuple) else targets


ClassFactors = Annotated[dict[str, Annotated[float, Field(gt=0, le=100)]], BeforeValidator(_with_text_keys)]


class ViewSettings(PolicySettings):
    """The damage of the views that members are scored on: one per training image, the same for all members."""

    held_out: tuple[str, ...] = Field(
        ("ink_mottling", "noise_texturize", "dirty_drum", "voronoi", "crease", "shadow_cast", "motion_blur"),
        description="transforms of these views alone: training never sees them",
    )

    @field_validator("held_out")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(names) - set(CATALOGUE))
        if unknown:
            raise ValueError(f"no such transform: {unknown}; there are {sorted(CATALOGUE)}")
        return names


class AugmentSettings(PolicySettings):
    """How many damaged copies are made, of what size, and how they are damaged."""

    size: int = Field(224, ge=16, description="pixels, height and width of every packed square")
    copies: int = Field(16, ge=1, description="damaged copies per training image")
    balance: Share = Field(0.0, description="extra copies for rare classes: 0 none, 1 as many in all as the largest class has")
    class_copies: ClassFactors = Field({}, description="factor on the copies of a class, by target")
    fill: int = Field(255, ge=0, le=255, description="grey level of the padding")
    quality: int = Field(90, ge=1, le=100, description="JPEG quality of the packed copies")
    seed: int = Field(0, ge=0)
    bank_layers: int = Field(12, ge=1, description="layers computed per banked Augraphy effect; each is drawn from in endless ways")
    test_like: ViewSettings = ViewSettings()

    def transforms_for(self, purpose: Literal["train", "test_like"]) -> Transforms:
        """Return the transforms that a copy made for `purpose` may get; training never gets a held-out one."""
        if purpose == "test_like":
            return self.test_like.merged()
        return {name: transform for name, transform in self.merged().items() if name not in self.test_like.held_out}


class MachineSettings(Section):
    """Who does the work. No stage depends on it: a run that is taken up again may go on with others.

    `prepare` and `augment` make the same bytes either way. Networks trained by several processes differ in the last bits, and in
    what batch-norm sees in training: each process's share of a step.
    """

    workers: int = Field(0, ge=0, description="processes on this machine; 0: one for each core")
    scheduler: str | None = Field(None, description="address of a Dask scheduler (tcp://host:8786) whose workers share this folder")
    processes: int = Field(1, ge=1, description="that train a network together (train, specialize), by Accelerate: one for each GPU")


ClassWeights = Annotated[
    Literal["none", "balanced"] | dict[str, Annotated[float, Field(gt=0, le=100)]], BeforeValidator(_with_text_keys)
]


class FinetunedSettings(Section):
    """A network, fine-tuned on the packed copies."""

    kind: Literal["finetuned"] = "finetuned"
    network: str = Field("tf_efficientnet_lite0", description="a name of timm's, googlenet (torchvision's), or hybrid_<timm EfficientNet>")
    weights: str = Field("shipped", description="shipped in a package, hub (timm's), none (random), or a .safetensors or .pth file")
    size: int = Field(224, ge=16, description="pixels, height and width")
    first_size: int | None = Field(None, ge=16, description="pixels of the first epoch, growing to size; None: size from the start")
    augmented: bool = Field(True, description="train on the damaged copies, flipped and turned; false: on the clean pages as they are")
    epochs: int = Field(16, ge=1, description="an epoch sees every training image of the fold as one of its copies")
    batch_size: int = Field(32, ge=2, description="images in a step; with accumulate, in a part of a step")
    accumulate: int = Field(1, ge=1, description="batches whose gradients make one step")

    tuning: Literal["full", "head", "last_block", "gradual"] = Field(
        "full", description="what learns: all, the head, the last block and head, or the head until unfreeze_epoch")
    unfreeze_epoch: int = Field(5, ge=1, description="for gradual: the first epoch in which the whole network learns")
    frozen_stages: int = Field(0, ge=0, description="the stem and this many first stages keep their weights; 0 trains all")
    layer_decay: float = Field(1.0, gt=0, le=1, description="factor on the learning rate per block, from the head down")
    head: Literal["linear", "dense", "deep", "arcface"] = Field(
        "linear", description="dense: batch-norm before it; deep: two hidden layers; arcface: angles with a margin")

    optimizer: Literal["adamw", "adam", "nadam", "sgd"] = "adamw"
    learning_rate: float = Field(1e-3, gt=0, description="at its peak")
    weight_decay: float = Field(0.02, ge=0)
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD's, Nesterov's way")
    schedule: Literal["cosine", "step", "plateau", "one_cycle", "constant"] = "cosine"
    warmup: Share = Field(0.1, description="share of all steps, linear, before the schedule")
    step_epochs: int = Field(5, ge=1, description="for step: epochs between two falls")
    step_factor: float = Field(0.5, gt=0, lt=1, description="for step and plateau: what the rate falls to")
    plateau_patience: int = Field(2, ge=1, description="for plateau: epochs without a better score before the rate falls")
    clip: float = Field(0.0, ge=0, description="largest norm of a step's gradient; 0: any")

    loss: Literal["cross_entropy", "focal", "class_balanced"] = "cross_entropy"
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    focal_gamma: float = Field(2.0, ge=0, description="focal's exponent")
    balanced_beta: float = Field(0.999, ge=0, lt=1, description="class_balanced's: the effective number of images")
    class_weights: ClassWeights = Field("none", description="none, balanced (inverse frequency), or a weight by target; the others have 1")
    logit_adjustment: float = Field(0.0, ge=0, description="share of the classes' log frequency added to the logits in training")
    mixup: float = Field(0.0, ge=0, description="alpha of mixup's beta distribution; 0: none")
    cutmix: float = Field(0.0, ge=0, description="alpha of CutMix's; 0: none; with mixup, a batch draws one of them")
    sampling: ClassWeights = Field("none", description="none, balanced (each class as often), or a factor by target")

    drop_rate: float = Field(0.2, ge=0, lt=1, description="dropout before the classifier")
    drop_path_rate: float = Field(0.0, ge=0, lt=1, description="stochastic depth")
    ema: float = Field(0.0, ge=0, lt=1, description="decay per step of the weights' moving average, which is scored and kept; 0: none")
    soup: int = Field(1, ge=1, description="the weights of this many best epochs are averaged, if that scores better")
    patience: int = Field(6, ge=1, description="epochs without a better score before training stops")
    stop_by: Literal["test_like", "loss"] = Field("test_like", description="score: macro F1 of the test-like views, or their loss")
    pseudo_labels: Share = Field(
        0.0, description="least probability at which an answer to a test image is a label, which a second run then learns from; 0: none")
    pseudo_share: float = Field(1.0, gt=0, description="pseudo-labels of a class, at the most, per training image of it: the surest")
    pseudo_epochs: int = Field(4, ge=1, description="of the second run")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="auto: bfloat16 where the processor has it; float16: GPUs only")
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> "FinetunedSettings":
        if self.first_size is not None and self.first_size > self.size:
            raise ValueError(f"first_size: {self.first_size} pixels, above size, {self.size}")
        if self.weights not in NO_FILES and not self.weights.endswith((".safetensors", ".pth")):
            raise ValueError(f"weights: {self.weights!r}; expected shipped, hub, none, or a .safetensors or .pth file")
        if self.tuning == "gradual" and self.unfreeze_epoch >= self.epochs:
            raise ValueError(f"unfreeze_epoch: {self.unfreeze_epoch}, but there are only {self.epochs} epochs, from 0 on")
        if self.tuning in ("head", "last_block") and self.frozen_stages:
            raise ValueError(f"frozen_stages: {self.frozen_stages}, but tuning: {self.tuning} freezes more than that; leave it out")
        return self


class FeaturesSettings(Section):
    """A frozen network's features, pooled after several stages, with L2 logistic regression."""

    kind: Literal["features"] = "features"
    network: str = "tf_efficientnet_lite0"
    weights: Literal["shipped", "hub", "none"] = "shipped"
    size: int = Field(160, ge=16, description="pixels, height and width")
    copies: int = Field(2, ge=1, description="copies per training image that the regression is fitted on, beside the clean one")
    classifier: Literal["logistic", "mlp"] = Field("logistic", description="L2 logistic regression, or a slim residual MLP")
    c_range: tuple[float, ...] = Field((0.001, 0.01, 0.1), description="inverse penalties tried; chosen by test-like macro F1")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


class GreySettings(Section):
    """Tiny grey pixels with L2 logistic regression: if it does well, the data gives itself away."""

    kind: Literal["grey"] = "grey"
    size: int = Field(20, ge=2, description="pixels, height and width")
    copies: int = Field(2, ge=1, description="copies per training image, beside the clean one")
    c_range: tuple[float, ...] = Field((0.01, 0.1, 1.0), description="inverse penalties tried; chosen by test-like macro F1")


Member = Annotated[FinetunedSettings | FeaturesSettings | GreySettings, Field(discriminator="kind")]


class TrainSettings(Section):
    """Which members are trained."""

    members: tuple[Name, ...] = Field(("lite0", "features", "grey"), min_length=1, description="names out of `members`")


class SpecializeSettings(Section):
    """The network that tells the hard classes apart."""

    base: Name = Field("lite0", description="the member whose answers it may replace")
    hard_classes: Annotated[Literal["auto"] | tuple[str, ...], BeforeValidator(_with_text_items)] = Field(
        "auto", description="targets as in train.csv; auto: those confused most, test-like, out of fold"
    )
    most: int = Field(4, ge=2, description="classes, at the most, that auto finds")
    start: Literal["base", "weights"] = Field("base", description="from the base's weights of the same fold, or from network.weights")
    network: FinetunedSettings = FinetunedSettings()
    mode: Literal["auto", "replace", "blend", "out"] = Field("auto", description="auto: what is best test-like out of fold; out: no word")
    asks: Literal["answer", "top2"] = Field("answer", description="where the base's answer, or one of its two likeliest, is hard")


class TtaSettings(Section):
    """Test-time augmentation: each pass is one random flip and quarter turn."""

    passes: int = Field(20, ge=1)
    seed: int = Field(0, ge=0)


class EnsembleSettings(Section):
    """What becomes final.csv. See docs/ensembles.md."""

    top: int = Field(3, ge=1, description="submissions, best test-like macro F1 first, that cast one hard vote each: hard_top")
    choose: str = Field("auto", description="the simplest candidate within one standard error of the best, or one by its name")
    external: tuple[ExternalName, ...] = Field((), description="CSVs of submissions/external/ that vote in hard_top, not validated")
    unlock_holdout: bool = Field(False, description="score the final vote on the holdout of split.holdout: once")
    resamples: int = Field(1000, ge=100, description="bootstrap resamples of the intervals")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the intervals")
    seed: int = Field(0, ge=0)


class SubmitSettings(Section):
    """Where submissions are handed in. No stage depends on it."""

    slug: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", description="the competition's name in its Kaggle address")


class Settings(Section):
    """The whole of params.yaml."""

    competition: CompetitionSettings = CompetitionSettings()
    rules: RulesSettings = RulesSettings()
    prepare: PrepareSettings = PrepareSettings()
    split: SplitSettings = SplitSettings()
    augment: AugmentSettings = AugmentSettings()
    train: TrainSettings = TrainSettings()
    members: dict[Name, Member] = {"lite0": FinetunedSettings(), "features": FeaturesSettings(), "grey": GreySettings()}
    specialize: SpecializeSettings = SpecializeSettings()
    tta: TtaSettings = TtaSettings()
    ensemble: EnsembleSettings = EnsembleSettings()
    machine: MachineSettings = MachineSettings()
    submit: SubmitSettings = SubmitSettings()

    @model_validator(mode="after")
    def _check(self) -> "Settings":
        unknown = [name for name in self.train.members if name not in self.members]
        if unknown:
            raise ValueError(f"train.members: {unknown} not described under members (there: {sorted(self.members)})")
        if len(set(self.train.members)) < len(self.train.members):
            raise ValueError(f"train.members: a name stands twice in {list(self.train.members)}")
        if self.specialize.base not in self.train.members:
            raise ValueError(f"specialize.base: {self.specialize.base!r} is not among train.members {list(self.train.members)}")
        base = self.members[self.specialize.base]
        if base.kind != "finetuned":
            raise ValueError(f"specialize.base: {self.specialize.base!r} is of kind {base.kind}; it has to be a finetuned one")
        if self.specialize.start == "base" and base.network != self.specialize.network.network:
            raise ValueError(f"specialize.network.network: {self.specialize.network.network}, but start: base means "
                             f"members.{self.specialize.base}.network, {base.network}")
        self._check_names()
        self._check_ensemble()
        sized = {f"members.{name}": m for name, m in self.members.items()} | {"specialize.network": self.specialize.network}
        broken = [problem for key, member in sized.items() for problem in self.rules.broken_by(key, member)]
        if self.ensemble.external and not self.rules.external_data:
            broken.append(f"ensemble.external: {list(self.ensemble.external)}, but rules.external_data: false")
        if broken:
            raise ValueError("; ".join(broken))
        if self.specialize.network.pseudo_labels:
            raise ValueError("specialize.network.pseudo_labels: only members learn from pseudo-labels; leave it out")
        for key, member in sized.items():
            if member.size > self.augment.size:
                raise ValueError(f"{key}.size: {member.size} pixels, but augment.size packs only {self.augment.size}")
            copies = getattr(member, "copies", 1)
            if copies > self.augment.copies:
                raise ValueError(f"{key}.copies: {copies}, but augment.copies makes only {self.augment.copies}")
        return self

    def _check_names(self) -> None:
        """Refuse a member whose file or column would take another's place."""
        members = self.train.members
        made = [*RESERVED, *members, *(f"{name}_hard" for name in members), f"{self.specialize.base}_specialist"]
        if wrong := sorted({name for name in made if made.count(name) > 1}):
            raise ValueError(f"train.members: {', '.join(wrong)}: submissions/ has, or will have, another one of that name; "
                             "rename the member")

    def _check_ensemble(self) -> None:
        known = ("auto", *self.train.members, f"{self.specialize.base}_specialist", *ENSEMBLES)
        if self.ensemble.choose not in known:
            raise ValueError(f"ensemble.choose: {self.ensemble.choose!r}; expected one of {list(known)}")
        if len(set(self.ensemble.external)) < len(self.ensemble.external):
            raise ValueError(f"ensemble.external: a name stands twice in {list(self.ensemble.external)}")
        if self.ensemble.unlock_holdout and not self.split.holdout:
            raise ValueError("ensemble.unlock_holdout: true, but split.holdout is 0: there is no holdout")


def load_settings(path: Path | str = "params.yaml") -> Settings:
    """Return the settings that `path` (YAML) holds, checked; what is left out has its default.

    Raises FileNotFoundError without the file, ValueError naming every wrong key.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; run from the project's folder, where params.yaml is")
    try:
        return Settings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not valid YAML: {error}") from None
    except ValidationError as error:
        raise ValueError(_in_words(path, error)) from None


def _in_words(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        place = [str(part) for part in problem["loc"]]
        if place[:1] == ["members"]:
            del place[2:3]  # the member's kind, which Pydantic puts behind its name
        key = ".".join(place)
        what = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"].removeprefix("Value error, ")
        lines.append(f"  {key}: {what}" if key else f"  {what}")
    return f"{path}: {len(lines)} wrong:\n" + "\n".join(lines)
