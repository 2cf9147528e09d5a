"""Columns beside the image, with boosted trees or logistic regression; it looks at no pixel."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from competition.members.kinds import KINDS
from competition.members.member import Fit, Fitted, Member
from competition.settings.member import MemberSettings

if TYPE_CHECKING:
    from competition.training.fold_data import FoldData


class TabularSettings(MemberSettings):
    """Columns of train.csv and test.csv beside the image (task.metadata), with trees or logistic regression."""

    needs_metadata = True

    kind: Literal["tabular"] = "tabular"
    size: int = Field(2, ge=2, description="means nothing: no pixel is looked at")
    model: Literal["auto", "boosting", "logistic"] = Field(
        "auto",
        description="auto: what is best out of fold within the training images, of boosted trees, logistic regression "
        "and their mean",
    )
    learning_rate: float = Field(0.05, gt=0, le=1, description="of the boosting")
    rounds: int = Field(300, ge=1, description="of the boosting, at the most; how many is found out of fold too")
    seed: int = Field(0, ge=0)


@KINDS.register
class Tabular(Member):
    """Member that knows what tables say of an image, and not the image."""

    Settings = TabularSettings
    code = "competition.members.fitting.tabular"

    def fit(self, fold: "FoldData", fit: Fit) -> Fitted:
        from competition.members.fitting.tabular import fit_metadata

        return fit_metadata(self.settings, fold, fit)

    def load(self, fold: int | str, targets: tuple[str, ...], several: bool = False) -> Fitted:
        from competition.members.fitting.tabular import load_metadata_member

        return load_metadata_member(self.name, fold, targets, several)

    def packages(self) -> tuple[str, ...]:
        return ("torch", "scikit-learn")

    def note_on_new_images(self) -> str:
        return (
            f"{self.name} knows images by the columns of train.csv and test.csv, which new images don't have: it "
            "answers all of them alike"
        )
