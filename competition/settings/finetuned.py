"""A fine-tuned member's settings: network, training, loss."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from competition.common.registry import registry_of
from competition.settings.member import NO_FILES, NetworkSettings
from competition.settings.progressive_resizing import size_at
from competition.settings.section import ClassWeights, Share, registered

LOSSES, HEADS = "competition.training.losses", "competition.models.heads"
SCHEDULES = "competition.training.schedules"
PATIENCE = 6


def _known_loss(name: str) -> str:
    return name if name == "auto" else registry_of(LOSSES).check(name)


class FinetunedSettings(NetworkSettings):
    """A network, fine-tuned on the packed copies."""

    network_use = "trained"
    tunable = True

    kind: Literal["finetuned"] = "finetuned"
    network: str = Field(
        "tf_efficientnet_lite0",
        description="a name of timm's, googlenet (torchvision's), or hybrid_<timm EfficientNet>",
    )
    weights: str = Field(
        "shipped",
        description="ImageNet's, shipped in a package; documents: trained on documents, shipped in a package; hub "
        "(timm's); none (random); or a .safetensors or .pth file",
    )
    size: int = Field(224, ge=16, description="pixels, height and width")
    first_size: int | None = Field(
        None, ge=16, description="pixels of the first epoch, growing to size; None: size from the start"
    )
    augmented: bool = Field(
        True, description="train on the damaged copies, flipped and turned; false: on the clean pages as they are"
    )
    epochs: int = Field(16, ge=1, description="an epoch sees every training image of the fold as one of its copies")
    batch_size: int = Field(32, ge=2, description="images in a step; with accumulate, in a part of a step")
    accumulate: int = Field(1, ge=1, description="batches whose gradients make one step")

    tuning: Literal["full", "head", "last_block", "gradual"] = Field(
        "full", description="what learns: all, the head, the last block and head, or the head until unfreeze_epoch"
    )
    unfreeze_epoch: int = Field(5, ge=1, description="for gradual: the first epoch in which the whole network learns")
    frozen_stages: int = Field(
        0, ge=0, description="the stem and this many first stages keep their weights; 0 trains all"
    )
    layer_decay: float = Field(1.0, gt=0, le=1, description="factor on the learning rate per block, from the head down")
    head: Annotated[str, registered(HEADS)] = Field(
        "linear", description="dense: batch-norm before it; deep: two hidden layers; arcface: angles with a margin"
    )

    optimizer: Annotated[str, registered("competition.training.optimizers")] = "adamw"
    learning_rate: float = Field(1e-3, gt=0, description="at its peak")
    weight_decay: float = Field(0.02, ge=0)
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD's, Nesterov's way")
    schedule: Annotated[str, registered(SCHEDULES)] = "cosine"
    warmup: Share = Field(0.1, description="share of all steps, linear, before the schedule")
    step_epochs: int = Field(5, ge=1, description="for step: epochs between two falls")
    step_factor: float = Field(0.5, gt=0, lt=1, description="for step and plateau: what the rate falls to")
    plateau_patience: int = Field(
        2, ge=1, description="for plateau: epochs without a better score before the rate falls"
    )
    clip: float = Field(0.0, ge=0, description="largest norm of a step's gradient; 0: any")

    loss: Annotated[str, AfterValidator(_known_loss)] = Field(
        "auto",
        description="a file of competition/training/losses, or a plugin's; auto: cross_entropy, of several labels "
        "binary_cross_entropy",
    )
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    focal_gamma: float = Field(2.0, ge=0, description="focal's and binary_focal's exponent")
    asymmetric_gamma_absent: float = Field(
        4.0, ge=0, description="asymmetric's exponent of labels that an image doesn't have"
    )
    asymmetric_gamma_present: float = Field(0.0, ge=0, description="the same of labels that it has")
    asymmetric_margin: Share = Field(0.05, description="asymmetric's probability that a label may have for nothing")
    balanced_beta: float = Field(0.999, ge=0, lt=1, description="class_balanced's: the effective number of images")
    class_weights: ClassWeights = Field(
        "none",
        description="none, balanced (inverse frequency), or a weight by target; the others have 1. Of several labels: "
        "of those that are there",
    )
    logit_adjustment: float = Field(
        0.0, ge=0, description="share of the classes' log frequency added to the logits in training"
    )
    mixup: float = Field(0.0, ge=0, description="alpha of mixup's beta distribution; 0: none")
    cutmix: float = Field(0.0, ge=0, description="alpha of CutMix's; 0: none; with mixup, a batch draws one of them")
    sampling: ClassWeights = Field(
        "none", description="none, balanced (each class as often), or a factor by target; of several labels the largest"
    )

    drop_rate: float = Field(0.2, ge=0, lt=1, description="dropout before the classifier")
    drop_path_rate: float = Field(0.0, ge=0, lt=1, description="stochastic depth")
    ema: float = Field(
        0.0, ge=0, lt=1, description="decay per step of the weights' moving average, which is scored and kept; 0: none"
    )
    soup: int = Field(1, ge=1, description="the weights of this many best epochs are averaged, if that scores better")
    patience: int | None = Field(
        None,
        ge=1,
        description="epochs without a better score before training stops; None: 6, or never where the schedule falls "
        "to nothing at the last epoch: cosine, one_cycle",
    )
    keep: Literal["best", "last"] = Field(
        "best", description="weights of the best scored epoch, or the last one's, which no score has chosen"
    )
    score_every: int | None = Field(
        1,
        ge=1,
        description="epochs from one that is scored to the next, of which the best is kept; the last one is. None: no "
        "epoch is, the last one is kept, and the fold's score comes with its predictions",
    )
    stop_by: Literal["test_like", "loss"] = Field(
        "test_like", description="score: the metric's, of the test-like images, or their loss"
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="auto: bfloat16 where the processor has it; float16: GPUs only"
    )
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> "FinetunedSettings":
        if self.first_size is not None and self.first_size > self.size:
            raise ValueError(f"first_size: {self.first_size} pixels, above size, {self.size}")
        if self.weights not in NO_FILES and not self.weights.endswith((".safetensors", ".pth")):
            known = ", ".join(NO_FILES)
            raise ValueError(f"weights: {self.weights!r}; expected {known}, or a .safetensors or .pth file")
        if self.tuning == "gradual" and self.unfreeze_epoch >= self.epochs:
            raise ValueError(
                f"unfreeze_epoch: {self.unfreeze_epoch}, but there are only {self.epochs} epochs, from 0 on"
            )
        if self.keeps_last and (self.soup > 1 or self.patience is not None):
            why = "keep: last" if self.keep == "last" else "score_every: null"
            key = "soup" if self.soup > 1 else "patience"
            raise ValueError(f"{why}, but {key}: {getattr(self, key)} goes by scores; leave one of them out")
        every = min(self.score_every or self.epochs, self.epochs)
        if self.score_every != 1 and (self.schedule == "plateau" or self.epochs_without_gain < every):
            why = "schedule: plateau asks every epoch's score"
            if self.schedule != "plateau":
                why = f"patience: {self.epochs_without_gain} epochs would be over before the next score"
            raise ValueError(f"score_every: {self.score_every or 'null'}, but {why}")
        if self.tuning in ("head", "last_block") and self.frozen_stages:
            raise ValueError(
                f"frozen_stages: {self.frozen_stages}, but tuning: {self.tuning} freezes more than that; leave it out"
            )
        return self

    @property
    def keeps_last(self) -> bool:
        """Whether the last epoch's weights are kept, whatever any epoch scores."""
        return self.keep == "last" or self.score_every is None

    @property
    def epochs_without_gain(self) -> int:
        """Epochs without a better score before training stops: as many as there are, if it never does."""
        if self.patience is not None:
            return self.patience
        falls_to_nothing = registry_of(SCHEDULES).declared(self.schedule, "falls_to_nothing", False)
        return self.epochs if self.keeps_last or falls_to_nothing else PATIENCE

    @property
    def head_name(self) -> str:
        return self.head

    @property
    def drop_rates(self) -> dict[str, float]:
        return {"drop_rate": self.drop_rate, "drop_path_rate": self.drop_path_rate}

    @property
    def first_pixels(self) -> int:
        return self.first_size or self.size

    @property
    def planned_epochs(self) -> float:
        sizes = [size_at(epoch, self.epochs, self.first_size, self.size) for epoch in range(self.epochs)]
        return sum((pixels / self.size) ** 2 for pixels in sizes)

    def with_share_of_epochs(self, share: float) -> "FinetunedSettings":
        return self.model_copy(update={"epochs": max(1, round(share * self.epochs))})

    @property
    def why_no_refit(self) -> str:
        return "has schedule: plateau, which goes by scores; take another one" if self.schedule == "plateau" else ""

    def refitted(self, epochs: int, seed: int) -> "FinetunedSettings":
        return self.model_copy(
            update={"epochs": epochs, "patience": None, "score_every": None, "soup": 1, "seed": seed}
        )

    def taught(self) -> "FinetunedSettings":
        """Return the settings of a training on a vote's probabilities: all epochs, and nothing done for labels."""
        plain = {"loss": "auto", "label_smoothing": 0.0, "class_weights": "none", "logit_adjustment": 0.0}
        return self.refitted(self.epochs, self.seed).model_copy(update=plain)

    def is_scored(self, epoch: int) -> bool:
        """Return whether the validation images are predicted after `epoch`, from 0 on."""
        return self.score_every is not None and (self.epochs - 1 - epoch) % self.score_every == 0

    def unfit_for(self, labels: str) -> list[str]:
        kinds = {"head": registry_of(HEADS).declared(self.head, "kinds", (labels,))}
        if self.loss != "auto":
            kinds["loss"] = registry_of(LOSSES).declared(self.loss, "kinds", ("single", "ordinal"))
        wrong = [
            f"{key}: {getattr(self, key)} is for labels {' and '.join(fit)}; task.labels is {labels}"
            for key, fit in kinds.items()
            if labels not in fit
        ]
        return wrong

    def shortened(self, epochs: int) -> dict[str, object]:
        changes = {"epochs": min(epochs, self.epochs), "first_size": None}
        return changes | ({"tuning": "full"} if self.tuning == "gradual" else {})
