"""Tiny grey pixels with L2 logistic regression: if it does well, the data gives itself away."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from competition.members.classifier import ClassifierMember
from competition.members.kinds import KINDS
from competition.settings.member import MemberSettings

if TYPE_CHECKING:
    from competition.members.fitting.feature_tables import FeatureExtractor


class GreySettings(MemberSettings):
    """Tiny grey pixels with L2 logistic regression: if it does well, the data gives itself away."""

    shares_features = True

    kind: Literal["grey"] = "grey"
    size: int = Field(20, ge=2, description="pixels, height and width")
    copies: int = Field(2, ge=1, description="copies per training image, beside the clean one")
    c_range: tuple[float, ...] = Field(
        (0.01, 0.1, 1.0), description="inverse penalties tried; chosen by test-like score"
    )

    @property
    def copies_used(self) -> int:
        return self.copies

    @property
    def guard_size(self) -> int:
        return self.size


@KINDS.register
class Grey(ClassifierMember):
    """Member that sees a few grey pixels of each image."""

    Settings = GreySettings

    def extractor(self) -> "FeatureExtractor":
        from competition.inference.features import grey_features
        from competition.members.fitting.feature_tables import FeatureExtractor

        key = self.settings.model_dump(include={"kind", "size"})
        return FeatureExtractor(grey_features(self.settings.size), None, key)
