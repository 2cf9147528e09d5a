"""params.yaml as checked, documented, frozen objects.

One class per section. An unknown key, a value out of range or two keys that contradict each other end in one
`ValueError` that names every such key as it stands in the file (`members.lite0.learning_rate`).
"""

from pydantic import model_validator

from competition.settings.augment import AugmentSettings
from competition.settings.competition import CompetitionSettings
from competition.settings.ensemble import RESERVED, EnsembleSettings, ensemble_rules
from competition.settings.finetuned import FinetunedSettings
from competition.settings.machine import MachineSettings
from competition.settings.members import FeaturesSettings, GreySettings, Member, TrainSettings
from competition.settings.prepare import PrepareSettings
from competition.settings.report import ReportSettings
from competition.settings.review import ReviewSettings
from competition.settings.rules import RulesSettings
from competition.settings.section import Name, Section
from competition.settings.specialize import SpecializeSettings
from competition.settings.split import SplitSettings
from competition.settings.submit import SubmitSettings
from competition.settings.tta import TtaSettings


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
    review: ReviewSettings = ReviewSettings()
    tta: TtaSettings = TtaSettings()
    ensemble: EnsembleSettings = EnsembleSettings()
    report: ReportSettings = ReportSettings()
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
            raise ValueError(
                f"specialize.base: {self.specialize.base!r} is not among train.members {list(self.train.members)}"
            )
        base = self.members[self.specialize.base]
        if base.kind != "finetuned":
            raise ValueError(
                f"specialize.base: {self.specialize.base!r} is of kind {base.kind}; it has to be a finetuned one"
            )
        if self.specialize.start == "base" and base.network != self.specialize.network.network:
            raise ValueError(
                f"specialize.network.network: {self.specialize.network.network}, but start: base means "
                f"members.{self.specialize.base}.network, {base.network}"
            )
        self._check_names()
        self._check_ensemble()
        sized = {f"members.{name}": m for name, m in self.members.items()} | {
            "specialize.network": self.specialize.network
        }
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
        made = [
            *RESERVED,
            *ensemble_rules(),
            *members,
            *(f"{name}_hard" for name in members),
            f"{self.specialize.base}_specialist",
        ]
        if wrong := sorted({name for name in made if made.count(name) > 1}):
            raise ValueError(
                f"train.members: {', '.join(wrong)}: submissions/ has, or will have, another one of that name; "
                "rename the member"
            )

    def _check_ensemble(self) -> None:
        known = ("auto", *self.train.members, f"{self.specialize.base}_specialist", *ensemble_rules())
        if self.ensemble.choose not in known:
            raise ValueError(f"ensemble.choose: {self.ensemble.choose!r}; expected one of {list(known)}")
        if len(set(self.ensemble.external)) < len(self.ensemble.external):
            raise ValueError(f"ensemble.external: a name stands twice in {list(self.ensemble.external)}")
        if self.ensemble.unlock_holdout and not self.split.holdout:
            raise ValueError("ensemble.unlock_holdout: true, but split.holdout is 0: there is no holdout")
