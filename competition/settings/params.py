"""params.yaml as checked, documented, frozen objects.

One class per section. An unknown key, a value out of range or two keys that contradict each other end in one
`ValueError` that names every such key as it stands in the file (`members.lite0.learning_rate`).
"""

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from competition.common import paths
from competition.settings.adapt import AdaptSettings
from competition.settings.augment import AugmentSettings
from competition.settings.competition import CompetitionSettings
from competition.settings.distil import ALL, STUDENT, DistilSettings
from competition.settings.ensemble import RESERVED, EnsembleSettings, ensemble_rules
from competition.settings.machine import MachineSettings
from competition.settings.member import MemberSettings
from competition.settings.members import AnyMember, TrainSettings, default_members
from competition.settings.prepare import PrepareSettings
from competition.settings.refit import RefitSettings
from competition.settings.report import ReportSettings
from competition.settings.review import ReviewSettings
from competition.settings.rules import RulesSettings
from competition.settings.section import Name, SettingsSection
from competition.settings.specialize import SpecializeSettings
from competition.settings.split import SplitSettings
from competition.settings.submit import SubmitSettings
from competition.settings.task import TaskSettings
from competition.settings.tta import TtaSettings
from competition.settings.upright import UprightSettings


def _not_null(specialize: object) -> object:
    if specialize is None:
        raise ValueError("null; write base: [] under it for no specialist")
    return specialize


class Settings(SettingsSection):
    """All settings of params.yaml."""

    plugins: tuple[str, ...] = Field(
        (), description="Python files that register member kinds, losses, ..., relative to the folder of params.yaml"
    )
    competition: CompetitionSettings = CompetitionSettings()
    task: TaskSettings = TaskSettings()
    rules: RulesSettings = RulesSettings()
    prepare: PrepareSettings = PrepareSettings()
    split: SplitSettings = SplitSettings()
    upright: UprightSettings = UprightSettings()
    augment: AugmentSettings = AugmentSettings()
    train: TrainSettings = TrainSettings()
    members: dict[Name, AnyMember] = Field(default_factory=default_members)
    specialize: Annotated[SpecializeSettings, BeforeValidator(_not_null)] = SpecializeSettings()
    adapt: AdaptSettings = AdaptSettings()
    refit: RefitSettings = RefitSettings()
    distil: DistilSettings = DistilSettings()
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
        self._check_specialist()
        self._check_adapted()
        self._check_refit()
        self._check_student()
        self._check_names()
        self._check_ensemble()
        self._check_rules()
        labels = self.task.labels
        if unfit := [f"{key}.{why}" for key, one in self._members_by_key().items() for why in one.unfit_for(labels)]:
            raise ValueError("; ".join(unfit))
        for key, member in self._members_by_key().items():
            if member.size > self.augment.size:
                raise ValueError(f"{key}.size: {member.size} pixels, but augment.size packs only {self.augment.size}")
            if member.copies_used > self.augment.copies:
                raise ValueError(
                    f"{key}.copies: {member.copies_used}, but augment.copies makes only {self.augment.copies}"
                )
        return self

    @property
    def plugin_files(self) -> tuple[str, ...]:
        """Files of plugins, a metric of one's own among them."""
        own = (self.task.metric,) if self.task.metric.endswith(".py") else ()
        return tuple(dict.fromkeys((*self.plugins, *own)))

    @property
    def adapted(self) -> dict[str, str]:
        """Name of each adapted member -> the member that it was adapted from."""
        return {name + paths.ADAPTED_SUFFIX: name for name in self.adapt.members}

    @property
    def voters(self) -> tuple[str, ...]:
        """Names of all members that answer: the trained ones, then the adapted ones."""
        return (*self.train.members, *self.adapted)

    def networks_of(self, name: str) -> tuple[int | str, ...]:
        """Names of the networks that answer for the member `name`, or for `specialist`: its folds, then those of all
        images. For `student` the one of all images.
        """
        if name == STUDENT:
            return (ALL,)
        return (*self.split.folds, *(self.refit.networks if name in self.refit.members else ()))

    def described(self, name: str) -> MemberSettings:
        """Return the settings of the member `name`, trained or adapted, or of `student`."""
        if name == STUDENT and self.distil.student:
            name = self.distil.student[0]
        return self.members[self.adapted.get(name, name)]

    @property
    def specialist(self) -> str | None:
        """Name of the base's vote with the specialist; None without a specialist."""
        return f"{self.specialize.base_member}_specialist" if self.specialize.base else None

    def _members_by_key(self) -> dict[str, MemberSettings]:
        found = {f"members.{name}": member for name, member in self.members.items()}
        return found | ({"specialize.network": self.specialize.network} if self.specialize.base else {})

    def _check_specialist(self) -> None:
        specialize = self.specialize
        for name in specialize.base:
            if name not in self.train.members:
                raise ValueError(f"specialize.base: {name!r} is not among train.members {list(self.train.members)}")
            base = self.members[name]
            if base.network_use != "trained":
                raise ValueError(f"specialize.base: {name!r} is of kind {base.kind}; it has to be a finetuned one")
            if specialize.start == "base" and base.network != specialize.network.network:
                raise ValueError(
                    f"specialize.network.network: {specialize.network.network}, but start: base means "
                    f"members.{name}.network, {base.network}"
                )
        if specialize.base and self.task.several:
            raise ValueError(
                "specialize.base: a specialist shares out one class's probability among those that look alike; with "
                "several labels an image (task.labels: multi) there is nothing to share; write base: []"
            )

    def _check_adapted(self) -> None:
        if not self.adapt.members:
            return
        for name in self.adapt.members:
            if name not in self.train.members:
                raise ValueError(f"adapt.members: {name!r} is not among train.members {list(self.train.members)}")
            if self.members[name].network_use != "trained":
                raise ValueError(f"adapt.members: {name!r} is of kind {self.members[name].kind}; only finetuned ones")
        if len(set(self.adapt.members)) < len(self.adapt.members):
            raise ValueError(f"adapt.members: a name stands twice in {list(self.adapt.members)}")
        if self.task.several:
            raise ValueError("adapt.members: only where an image has one label; write [], since task.labels is multi")

    def _check_refit(self) -> None:
        for name in self.refit.members:
            if name not in self.train.members:
                raise ValueError(f"refit.members: {name!r} is not among train.members {list(self.train.members)}")
            if why := self.members[name].why_no_refit:
                raise ValueError(f"refit.members: {name!r} {why}")
        for key in ("members", "seeds"):
            found = getattr(self.refit, key)
            if len(set(found)) < len(found):
                raise ValueError(f"refit.{key}: one stands twice in {list(found)}")

    def _check_student(self) -> None:
        for name in self.distil.student:
            if name not in self.members:
                raise ValueError(
                    f"distil.student: {name!r} not described under members (there: {sorted(self.members)})"
                )
            if why := self.members[name].why_no_refit:
                raise ValueError(f"distil.student: {name!r} {why}")
            self._check_start(name)

    def _check_start(self, student: str) -> None:
        if (start := self.distil.start) is None:
            return
        if start not in self.voters:
            raise ValueError(f"distil.start: {start!r} is not among the trained members {list(self.voters)}")
        networks = [getattr(self.described(name), "network", None) for name in (student, start)]
        if networks[0] != networks[1] or self.described(start).network_use != "trained":
            raise ValueError(f"distil.start: {start!r} is not finetuned of the network of {student!r}; write null")

    def _check_rules(self) -> None:
        weights = {key: member.weights_source for key, member in self._members_by_key().items()}
        if self.upright.use != "off":
            weights["upright"] = self.upright.weights
        broken = [problem for key, own in weights.items() for problem in self.rules.broken_by(key, own)]
        if self.ensemble.external and not self.rules.external_data:
            broken.append(f"ensemble.external: {list(self.ensemble.external)}, but rules.external_data: false")
        if self.adapt.members and not self.rules.pseudo_labels:
            broken.append(f"adapt.members: {list(self.adapt.members)}, but rules.pseudo_labels: false")
        if self.distil.test_images and not self.rules.pseudo_labels:
            broken.append("distil.test_images: true, but rules.pseudo_labels: false")
        if self.distil.images and not self.rules.external_data:
            broken.append(f"distil.images: {self.distil.images}, but rules.external_data: false")
        if broken:
            raise ValueError("; ".join(broken))

    def _specialists(self) -> list[str]:
        return [self.specialist] if self.specialist else []

    def _check_names(self) -> None:
        """Refuse a member whose file or column would take another's place."""
        if wrong := [name for name in self.train.members if name.endswith(paths.ADAPTED_SUFFIX)]:
            raise ValueError(f"train.members: {wrong}: stage adapt names its members so; rename the member")
        members = self.voters
        hard = (f"{name}_hard" for name in members)
        made = [*RESERVED, *ensemble_rules(), *members, *hard, *self._specialists()]
        if wrong := sorted({name for name in made if made.count(name) > 1}):
            raise ValueError(
                f"train.members: {', '.join(wrong)}: submissions/ has, or will have, another one of that name; "
                "rename the member"
            )

    def _check_ensemble(self) -> None:
        known = ("auto", *self.voters, *self._specialists(), *ensemble_rules())
        if self.ensemble.choose not in known:
            raise ValueError(f"ensemble.choose: {self.ensemble.choose!r}; expected one of {list(known)}")
        if len(set(self.ensemble.external)) < len(self.ensemble.external):
            raise ValueError(f"ensemble.external: a name stands twice in {list(self.ensemble.external)}")
        if self.ensemble.external and not self.task.answers_are_labels:
            raise ValueError(
                f"ensemble.external: {list(self.ensemble.external)}, but task.answer: {self.task.answer}; only labels "
                "can be voted on; write external: []"
            )
        if self.ensemble.unlock_holdout and not self.split.holdout:
            raise ValueError("ensemble.unlock_holdout: true, but split.holdout is 0: there is no holdout")
