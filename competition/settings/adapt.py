"""Section adapt: members that go on learning, from images whose labels nobody knows."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from competition.settings.section import Name, SettingsSection, a_list


class AdaptSettings(SettingsSection):
    """Members that go on learning from the test images: each learns the mean of what they all say of them, and is one
    more member, called <name>_adapted."""

    members: Annotated[tuple[Name, ...], BeforeValidator(a_list)] = Field(
        (), description="finetuned ones, where rules.pseudo_labels allows it; []: none"
    )
    epochs: int = Field(6, ge=1, description="an epoch sees every training image of the fold as one of its copies")
    learning_rate: float = Field(1e-3, gt=0, description="at its peak")
    unlabelled: float = Field(2.0, gt=0, le=8, description="unlabelled images for each training image")
    average: float = Field(0.99, ge=0, lt=1, description="decay per step of the average of the weights that is kept")
    weight: float = Field(1.0, ge=0, description="of the unlabelled images' loss, beside the training images'")
    seed: int = Field(0, ge=0)
