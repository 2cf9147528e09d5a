"""Section task: what is asked, and how answers are scored."""

from pydantic import Field, field_validator

from competition.common.registry import registry_of
from competition.settings.section import SettingsSection


class TaskSettings(SettingsSection):
    """What everything is chosen by: epochs, penalties, members, ensembles, a search's settings."""

    metric: str = Field("f1_macro", description="a file of competition/metrics/scores, or a plugin's")

    @field_validator("metric")
    @classmethod
    def _known(cls, name: str) -> str:
        return registry_of("competition.metrics.scores").check(name)
