"""Section ensemble: the choice of the final submission."""

from pydantic import Field

from competition.common.registry import registry_of
from competition.settings.section import ExternalName, SettingsSection

# what submissions/ calls something else: files, columns of its tables, and a word of `ensemble.choose`
RESERVED = (
    "specialist",
    "student",
    "final",
    "leaderboard",
    "oof",
    "confusion",
    "report",
    "auto",
    "target",
    "class_name",
    "images",
)


def ensemble_rules() -> tuple[str, ...]:
    """Return names of all ensemble rules, plugins' among them."""
    return registry_of("competition.ensembling.rules").names()


class EnsembleSettings(SettingsSection):
    """Choice of the final submission. See docs/ensembles.md."""

    top: int = Field(
        3, ge=1, description="submissions, best test-like score first, that cast one hard vote each: hard_top"
    )
    choose: str = Field("auto", description="the best candidate out of fold, or one by its name")
    external: tuple[ExternalName, ...] = Field(
        (), description="CSVs of submissions/external/ that vote in hard_top, not validated"
    )
    unlock_holdout: bool = Field(False, description="score the final vote on the holdout of split.holdout: once")
    resamples: int = Field(1000, ge=100, description="bootstrap resamples of the intervals")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of the intervals")
    seed: int = Field(0, ge=0)
