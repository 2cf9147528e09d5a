"""Section submit: the site where submissions are handed in."""

from pydantic import Field

from competition.settings.section import SettingsSection


class SubmitSettings(SettingsSection):
    """Site where submissions are handed in. No stage depends on it."""

    slug: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", description="the competition's name in its Kaggle address"
    )
    public_share: float = Field(
        0.5, gt=0, le=1, description="share of the test images that public scores are of, as the competition says"
    )
