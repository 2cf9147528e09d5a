"""Section rules: what the competition allows."""

from pydantic import Field, model_validator

from competition.settings.section import SettingsSection


class RulesSettings(SettingsSection):
    """What the competition allows: settings that break a rule are refused, and so are commands."""

    external_data: bool = Field(
        True,
        description="false: of what was learnt elsewhere only `weights: shipped` (ImageNet), and no votes of "
        "submissions/external",
    )
    pseudo_labels: bool = Field(
        False, description="whether anything may learn from the test images by answers to them: adapt, distil"
    )
    test_statistics: bool = Field(
        True,
        description="false: test images are read to be answered, and for nothing else: no policy is fitted to them, "
        "no score is expected of them, nor are they compared with the training images",
    )
    public_submissions: int | None = Field(
        None, ge=0, description="most submissions whose public score may be asked; null: any number"
    )

    @model_validator(mode="after")
    def _check(self) -> "RulesSettings":
        if self.pseudo_labels and not self.test_statistics:
            raise ValueError(
                "pseudo_labels: true, but test_statistics: false; pseudo-labels are test images that are learnt from"
            )
        return self

    def broken_by(self, key: str, weights: str) -> list[str]:
        """Return what a network under `key` with these weights does against the rules, as a setting and the rule."""
        if self.external_data or weights in ("shipped", "none"):
            return []
        return [f"{key}.weights: {weights}, but rules.external_data: false allows only shipped and none"]
