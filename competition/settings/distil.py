"""Section distil: the student, one network that learns the final vote."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from competition.common import paths
from competition.settings.section import Name, SettingsSection, a_list

STUDENT = paths.STUDENT.name  # what its files are called, as a member's are by its name
ALL = "all"  # name of the network that learns from all images


class DistilSettings(SettingsSection):
    """The student: one network that learns the probabilities of the final vote. See docs/predict.md."""

    student: Annotated[tuple[Name, ...], BeforeValidator(a_list)] = Field(
        (), max_length=1, description="the finetuned member of `members`, trained or not, that describes it; []: none"
    )
    start: Name | None = Field(
        None,
        description="trained member of the same network, from whose weights of the same fold it starts (of all images: "
        "of the first); null: from the weights of its description",
    )
    orientations: int = Field(
        2, ge=1, le=8, description="in which the vote looks at what the student learns: those of most weight in tta"
    )
    images: str | None = Field(
        None, min_length=1, description="folder of images without labels to learn from; null: none"
    )
    test_images: bool = Field(False, description="learn from the test images, where rules.pseudo_labels allows it")
