"""Section refit: members trained once more, on all training images."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from competition.settings.section import Name, SettingsSection, a_list

NETWORK = "refit-{}"  # name of the network trained on all images, by its seed


class RefitSettings(SettingsSection):
    """Networks trained on all training images, that vote beside those of the folds."""

    members: Annotated[tuple[Name, ...], BeforeValidator(a_list)] = Field(
        (), description="finetuned ones; []: none is trained once more"
    )
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(a_list)] = Field(
        (0,), min_length=1, description="a network of each member for each of them"
    )

    def seed_of(self, network: str) -> int:
        """Return the seed of one of `networks`."""
        return self.seeds[self.networks.index(network)]

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of a member's networks that are trained on all images."""
        return tuple(NETWORK.format(seed) for seed in self.seeds)
