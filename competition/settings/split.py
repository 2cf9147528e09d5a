"""Section split: the K folds and the holdout."""

from pydantic import Field, model_validator

from competition.settings.section import SettingsSection, Share


class SplitSettings(SettingsSection):
    """The K-fold split, and the share of images that is locked away."""

    folds: tuple[int, ...] = Field(
        (0, 1, 2, 3, 4), description="the folds that are trained and scored, 0 upwards: a network of each member each"
    )
    n_splits: int | None = Field(
        None,
        ge=2,
        description="K, the folds that images are dealt to; those of folds beyond `folds` are trained on in every fold "
        "and scored in none: fewer networks, which learn from more. null: as many as `folds`",
    )
    seed: int = Field(0, ge=0)
    holdout: Share = Field(0.0, description="share of the training images that no fold ever sees")

    @model_validator(mode="after")
    def _check(self) -> "SplitSettings":
        if len(self.folds) < 2 or self.folds != tuple(range(len(self.folds))):
            raise ValueError(f"folds: expected [0, 1, ...] with at least 2 folds, found {list(self.folds)}")
        if self.n_splits is not None and self.n_splits < len(self.folds):
            raise ValueError(f"n_splits: {self.n_splits} for {len(self.folds)} folds; expected as many, more, or null")
        if self.holdout > 0.9:
            raise ValueError(f"holdout: {self.holdout} leaves too little to train on; at most 0.9")
        return self

    @property
    def k(self) -> int:
        """K: the number of folds that images are dealt to."""
        return self.n_splits or len(self.folds)
