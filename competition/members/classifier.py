"""Base class of member kinds that put a small classifier on features of the images."""

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from competition.members.member import Fit, Fitted, Member

if TYPE_CHECKING:
    from competition.members.fitting.feature_tables import FeatureExtractor
    from competition.training.fold_data import FoldData


class ClassifierMember(Member):
    """Member that is a classifier of features that no fold changes.

    classifier: a name of CLASSIFIERS in fitting/classifying.
    """

    code = "competition.members.fitting.classifying"
    classifier = "logistic"

    @abstractmethod
    def extractor(self) -> "FeatureExtractor":
        """Return what makes features of images."""

    def fit(self, fold: "FoldData", fit: Fit) -> Fitted:
        from competition.members.fitting.classifying import fit_classifier

        return fit_classifier(self.settings, self.classifier, self.extractor(), fold, fit)

    def load(self, fold: int | str, targets: tuple[str, ...], several: bool = False) -> Fitted:
        from competition.members.fitting.classifying import load_classifier

        width, features_of = self._loaded
        return load_classifier(self.classifier, width, features_of, self.name, fold, targets, several)

    @cached_property
    def _loaded(self) -> tuple:
        # all folds share the features of the images that they see one after the other
        extractor = self.extractor()
        return extractor.width, extractor.remembering()
