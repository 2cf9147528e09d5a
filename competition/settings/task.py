"""Section task: what is asked, what is answered, and how answers are scored."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from competition.common.registry import registry_of
from competition.settings.section import SettingsSection, registered

ANSWERS = "competition.data.answers"
METRICS, DECISIONS = "competition.metrics.scores", "competition.ensembling.decisions"
UNFITTED = ("auto", "plain")


def _as_tuple(columns: object) -> object:
    if columns in ("auto", "none"):
        return columns
    if not isinstance(columns, list | tuple) or not all(isinstance(name, str | int | float) for name in columns):
        raise ValueError(f"{columns}; expected auto, none, or a list of columns")
    return tuple(map(str, columns))


class TaskSettings(SettingsSection):
    """What is asked of an image, how a submission answers, and the metric that everything is chosen by."""

    labels: Literal["single", "multi", "ordinal"] = Field(
        "single", description="one class an image; several; one of ordered grades"
    )
    answer: Annotated[str, registered(ANSWERS)] = Field(
        "label", description="what a submission holds, a file of competition/data/answers"
    )
    metric: str = Field("f1_macro", description="a file of competition/metrics/scores, or a Python file of your own")
    decision: str = Field(
        "auto",
        description="how probabilities become answers: auto, plain, or a file of competition/ensembling/decisions",
    )
    metadata: Annotated[Literal["auto", "none"] | tuple[str, ...], BeforeValidator(_as_tuple)] = Field(
        "auto",
        description="columns beside the image, for members of kind tabular: auto (those of both tables), none, [names]",
    )
    most: int = Field(5, ge=1, description="ranked: labels in a cell")
    separator: str = Field(" ", min_length=1, description="label_list and ranked: between the labels of a cell")

    @field_validator("metric")
    @classmethod
    def _known(cls, name: str) -> str:
        registry_of(METRICS).check(Path(name).stem if name.endswith(".py") else name)
        return name

    @field_validator("decision")
    @classmethod
    def _known_decision(cls, name: str) -> str:
        return name if name in UNFITTED else registry_of(DECISIONS).check(name)

    @model_validator(mode="after")
    def _check(self) -> "TaskSettings":
        if not self.model_fields_set:  # importing the settings imports no metric, or every stage would depend on all
            return self
        form, metric = registry_of(ANSWERS)[self.answer], registry_of(METRICS)[self.metric_name]
        if self.labels not in form.kinds:
            raise ValueError(f"answer: {self.answer}, but labels: {self.labels}; expected {_answers(self.labels)}")
        if self.labels not in metric.kinds:
            raise ValueError(
                f"metric: {self.metric} can't score labels: {self.labels}; it takes {', '.join(metric.kinds)}"
            )
        if metric.takes not in form.scored_as:
            raise ValueError(
                f"metric: {self.metric} scores {metric.takes}, but answer: {self.answer}; expected "
                f"{_answers(self.labels, metric.takes)}"
            )
        self._check_decision(metric.takes)
        return self

    def _check_decision(self, takes: str) -> None:
        if self.decision in UNFITTED:
            return
        rules = registry_of(DECISIONS)
        what = {
            name: (rules.declared(name, "gives", "labels"), rules.declared(name, "kinds", ())) for name in rules.names()
        }
        suited = [name for name, (gives, kinds) in what.items() if self.labels in kinds and gives == takes]
        if self.decision not in suited:
            gives, kinds = what[self.decision]
            raise ValueError(
                f"decision: {self.decision} makes {gives}, of labels: {' or '.join(kinds)}; but labels: {self.labels}, "
                f"and metric: {self.metric} scores {takes}; expected {' or '.join([*UNFITTED, *suited])}"
            )

    @property
    def metric_name(self) -> str:
        """Name of the metric in its registry."""
        return Path(self.metric).stem if self.metric.endswith(".py") else self.metric

    @property
    def several(self) -> bool:
        """Whether an image may have several labels."""
        return self.labels == "multi"

    @property
    def answers_are_labels(self) -> bool:
        """Whether a submission holds labels, so that votes can be counted."""
        return registry_of(ANSWERS)[self.answer].holds == "labels"


def _answers(kind: str, takes: str | None = None) -> str:
    forms = registry_of(ANSWERS).items()
    return " or ".join(name for name, form in forms if kind in form.kinds and takes in (None, *form.scored_as))
