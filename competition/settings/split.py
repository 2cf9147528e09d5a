"""Section split: the K folds and the holdout."""

from pydantic import Field, model_validator

from competition.settings.section import SettingsSection, Share


class SplitSettings(SettingsSection):
    """The K-fold split, and the share of images that is locked away."""

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
