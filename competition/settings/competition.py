"""Section competition: where the files are, and what their columns are called."""

from pydantic import Field

from competition.settings.section import SettingsSection


class CompetitionSettings(SettingsSection):
    """Where the competition's files are, and what their columns are called."""

    root: str = Field("data/raw", description="folder with train.csv, sample_submission.csv, train/ and test/")
    id: str = Field("ID", description="column that names the image")
    target: str = Field("target", description="column with the class")
    answer: str | None = Field(
        None, description="column of a submission with the class, where it isn't called as `target` is"
    )
    class_name: str = Field("class_name", description="column of meta.csv with the class's readable name")
    group: str = Field("group", description="optional column: images of one group never stand on both sides of a split")

    @property
    def submission_columns(self) -> tuple[str, str]:
        """What a submission's two columns are called."""
        return self.id, self.answer or self.target
