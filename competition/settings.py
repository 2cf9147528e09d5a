"""params.yaml as checked, documented, frozen objects.

One class per section. An unknown key, a value out of range or two keys that contradict each other end in one
`ValueError` that names every such key as it stands in the file (`members.lite0.learning_rate`).
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]


class Section(BaseModel):
    """Base of every section: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CompetitionSettings(Section):
    """Where the competition's files are, and what their columns are called."""

    root: str = Field("data/raw", description="folder with train.csv, sample_submission.csv, train/ and test/")
    id: str = Field("ID", description="column that names the image")
    target: str = Field("target", description="column with the class")
    class_name: str = Field("class_name", description="column of meta.csv with the class's readable name")
    group: str = Field("group", description="optional column: images of one group never stand on both sides of a split")


class PrepareSettings(Section):
    """How images are packed."""

    longest_side: int = Field(512, ge=16, description="pixels; larger images are shrunk to it, smaller ones kept")
    quality: int = Field(92, ge=1, le=100, description="JPEG quality of the packed images")


class SplitSettings(Section):
    """Who is scored by whom."""

    folds: tuple[int, ...] = Field((0, 1, 2, 3, 4), description="the folds' numbers, 0 upwards; their count is K")
    seed: int = Field(0, ge=0)
    holdout: Share = Field(0.0, description="share of the training images that no fold ever sees")
    near_duplicate_bits: int = Field(
        1, ge=-1, le=64, description="perceptual hashes (64 bits) this close or closer are one group; -1 groups nothing"
    )

    @model_validator(mode="after")
    def _check(self) -> "SplitSettings":
        if len(self.folds) < 2 or self.folds != tuple(range(len(self.folds))):
            raise ValueError(f"folds: expected [0, 1, ...] with at least 2 folds, found {list(self.folds)}")
        if self.holdout > 0.9:
            raise ValueError(f"holdout: {self.holdout} leaves too little to train on; at most 0.9")
        return self


class AugmentSettings(Section):
    """How many damaged copies are made, of what size, and how badly damaged."""

    size: int = Field(224, ge=16, description="pixels, height and width of every packed square")
    copies: int = Field(16, ge=1, description="damaged copies per training image")
    fill: int = Field(255, ge=0, le=255, description="grey level of the padding")
    quality: int = Field(90, ge=1, le=100, description="JPEG quality of the packed copies")
    seed: int = Field(0, ge=0)
    rotation_range: tuple[float, float] = Field((-180.0, 180.0), description="degrees")
    rotation_probability: Share = 0.6
    mirror_probability: Share = 0.5
    background_probability: Share = Field(0.4, description="page lies on a textured background instead of white")
    perspective_probability: Share = 0.35
    photometric_probability: Share = Field(0.5, description="for each of light, blur, noise, colour and cover")
    ink_probability: Share = Field(0.15, description="for each of Augraphy's InkBleed and BrightnessTexturize")
    strength: float = Field(1.0, gt=0, le=2, description="factor on the damage's ranges; 1 is the default policy")

    @model_validator(mode="after")
    def _check(self) -> "AugmentSettings":
        low, high = self.rotation_range
        if low > high:
            raise ValueError(f"rotation_range: low {low} above high {high}")
        return self


class FinetunedSettings(Section):
    """A timm network, fine-tuned on the packed copies."""

    kind: Literal["finetuned"] = "finetuned"
    network: str = Field("tf_efficientnet_lite0", description="any name timm knows")
    weights: Literal["shipped", "hub", "none"] = Field("shipped", description="shipped in a package, timm's hub, or random")
    size: int = Field(224, ge=16, description="pixels, height and width")
    first_size: int | None = Field(None, ge=16, description="pixels of the first epoch, growing to size; None: size from the start")
    augmented: bool = Field(True, description="train on the damaged copies, flipped and turned; false: on the clean pages as they are")
    epochs: int = Field(16, ge=1, description="an epoch sees every training image of the fold once, as one of its copies")
    batch_size: int = Field(32, ge=2, description="images")
    learning_rate: float = Field(1e-3, gt=0, description="AdamW's, at the peak")
    weight_decay: float = Field(0.02, ge=0)
    warmup: Share = Field(0.1, description="share of all steps, linear, before the cosine")
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    drop_rate: float = Field(0.2, ge=0, lt=1, description="dropout before the classifier")
    drop_path_rate: float = Field(0.0, ge=0, lt=1, description="stochastic depth")
    frozen_stages: int = Field(0, ge=0, description="the stem and this many first stages keep their weights; 0 trains all")
    patience: int = Field(6, ge=1, description="epochs without a better test-like macro F1 before training stops")
    precision: Literal["auto", "float32", "bfloat16"] = Field("auto", description="auto: bfloat16 where the processor has it")
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> "FinetunedSettings":
        if self.first_size is not None and self.first_size > self.size:
            raise ValueError(f"first_size: {self.first_size} pixels, above size, {self.size}")
        return self


class FeaturesSettings(Section):
    """A frozen network's features, pooled after several stages, with L2 logistic regression."""

    kind: Literal["features"] = "features"
    network: str = "tf_efficientnet_lite0"
    weights: Literal["shipped", "hub", "none"] = "shipped"
    size: int = Field(160, ge=16, description="pixels, height and width")
    copies: int = Field(2, ge=1, description="copies per training image that the regression is fitted on, beside the clean one")
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
    hard_classes: Literal["auto"] | tuple[str, ...] = Field(
        "auto", description="targets as in train.csv; auto: those confused most, test-like, out of fold"
    )
    most: int = Field(4, ge=2, description="classes, at the most, that auto finds")
    start: Literal["base", "weights"] = Field("base", description="from the base's weights of the same fold, or from network.weights")
    network: FinetunedSettings = FinetunedSettings()


class TtaSettings(Section):
    """Test-time augmentation: each pass is one random flip and quarter turn."""

    passes: int = Field(20, ge=1)
    seed: int = Field(0, ge=0)


class EnsembleSettings(Section):
    """What becomes final.csv."""

    top: int = Field(3, ge=1, description="submissions, best test-like macro F1 first, that cast one hard vote each")
    resamples: int = Field(1000, ge=100, description="bootstrap resamples of the intervals")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the intervals")
    seed: int = Field(0, ge=0)


class Settings(Section):
    """The whole of params.yaml."""

    competition: CompetitionSettings = CompetitionSettings()
    prepare: PrepareSettings = PrepareSettings()
    split: SplitSettings = SplitSettings()
    augment: AugmentSettings = AugmentSettings()
    train: TrainSettings = TrainSettings()
    members: dict[Name, Member] = {"lite0": FinetunedSettings(), "features": FeaturesSettings(), "grey": GreySettings()}
    specialize: SpecializeSettings = SpecializeSettings()
    tta: TtaSettings = TtaSettings()
    ensemble: EnsembleSettings = EnsembleSettings()

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
        sized = {f"members.{name}": m for name, m in self.members.items()} | {"specialize.network": self.specialize.network}
        for key, member in sized.items():
            if member.size > self.augment.size:
                raise ValueError(f"{key}.size: {member.size} pixels, but augment.size packs only {self.augment.size}")
            copies = getattr(member, "copies", 1)
            if copies > self.augment.copies:
                raise ValueError(f"{key}.copies: {copies}, but augment.copies makes only {self.augment.copies}")
        return self


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
