"""Base of members' settings: what all kinds share, and what may be asked of them without importing a network."""

from typing import ClassVar, Literal

from pydantic import Field

from competition.settings.section import SettingsSection

NO_FILES = ("shipped", "documents", "hub", "none")  # what `weights` may say but the name of a file


class MemberSettings(SettingsSection):
    """Settings of a member. A kind's own add fields, and answer other than the defaults here.

    network_use: a network that training changes, one that stays frozen, or none.
    shares_features: a fold takes over what the first fold computed, and takes less time.
    needs_metadata: it learns from columns beside the image.
    tunable: `tune` knows ranges for these settings.
    """

    network_use: ClassVar[Literal["trained", "frozen", "none"]] = "none"
    shares_features: ClassVar[bool] = False
    needs_metadata: ClassVar[bool] = False
    tunable: ClassVar[bool] = False

    kind: str
    size: int = Field(32, ge=2, description="pixels, height and width")

    @property
    def copies_used(self) -> int:
        """Copies of each training image, at least, that augment has to make."""
        return 1

    @property
    def weights_source(self) -> str:
        """Source of its weights: one of NO_FILES, or a file."""
        return "none"

    @property
    def guard_size(self) -> int:
        """Pixels of a member that should do badly, since it sees hardly any; 0: it may do well."""
        return 0

    @property
    def planned_epochs(self) -> float:
        """Epochs of the training images at full size that planning counts."""
        return 1

    def with_share_of_epochs(self, share: float) -> "MemberSettings":
        """Return the settings of a training of that share of the epochs; as they are where there are none."""
        return self

    @property
    def why_no_refit(self) -> str:
        """Why it can't be trained on all images, with none to choose by; "" where it can."""
        return f"is of kind {self.kind}; only finetuned ones"

    def refitted(self, epochs: int, seed: int) -> "MemberSettings":
        """Return the settings of a training on all images, for which the folds found `epochs`."""
        raise NotImplementedError(self.why_no_refit)

    def unfit_for(self, labels: str) -> list[str]:
        """Return what is wrong with these settings for task.labels `labels`, a sentence each, a key first."""
        return []

    def shortened(self, epochs: int) -> dict[str, object]:
        """Return what changes in a training of at most `epochs` epochs, each like the last of a whole training."""
        return {}


class NetworkSettings(MemberSettings):
    """Settings of a member with a network, trained or frozen."""

    network: str = "tf_efficientnet_lite0"
    weights: str = "shipped"
    precision: str = "auto"

    @property
    def weights_source(self) -> str:
        return self.weights

    @property
    def head_name(self) -> str:
        """Head behind the pooled features."""
        return "linear"

    @property
    def drop_rates(self) -> dict[str, float]:
        """Dropout and stochastic depth, as timm names them."""
        return {"drop_rate": 0.0, "drop_path_rate": 0.0}

    @property
    def first_pixels(self) -> int:
        """Pixels of the first images that it sees, growing to `size`."""
        return self.size
