"""Section submit: the site where submissions are handed in."""

from pydantic import Field

from competition.settings.section import SettingsSection


class SubmitSettings(SettingsSection):
    """Where submissions are handed in. No stage depends on it."""

    slug: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", description="the competition's name in its Kaggle address"
    )
