"""Section specialize: the network that tells the hard classes apart."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from competition.settings.finetuned import FinetunedSettings
from competition.settings.section import Name, SettingsSection, _with_text_items, a_list


class SpecializeSettings(SettingsSection):
    """The network that tells the hard classes apart; without a base there is none."""

    base: Annotated[tuple[Name, ...], BeforeValidator(a_list)] = Field(
        ("lite0",), max_length=1, description="the member whose answers it may replace; []: there is no specialist"
    )
    hard_classes: Annotated[Literal["auto"] | tuple[str, ...], BeforeValidator(_with_text_items)] = Field(
        "auto", description="targets as in train.csv; auto: those confused most, test-like, out of fold"
    )
    most: int = Field(4, ge=2, description="classes, at the most, that auto finds")
    start: Literal["base", "weights"] = Field(
        "base", description="from the base's weights of the same fold, or from network.weights"
    )
    network: FinetunedSettings = FinetunedSettings()
    mode: Literal["auto", "replace", "blend", "out"] = Field(
        "auto", description="auto: what is best test-like out of fold; out: no word"
    )
    asks: Literal["answer", "top2"] = Field(
        "answer", description="where the base's answer, or one of its two likeliest, is hard"
    )

    @property
    def base_member(self) -> str | None:
        """The member whose answers the specialist may replace; None: there is no specialist."""
        return self.base[0] if self.base else None
