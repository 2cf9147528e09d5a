"""Shipped policies name only effects that there are, within their limits; and what a policy says, a copy gets."""

import pytest

from competition.augmentation.effects import EFFECTS
from competition.settings.augment import AugmentSettings, PolicySettings
from competition.settings.policies import policy_names, shipped_policy

POLICIES = ("light", "document", "heavy")


def test_every_policy_is_tested():
    assert {*policy_names()} == {*POLICIES, "none"}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_shipped_policy_holds_every_effect_and_is_valid(policy):
    shipped = shipped_policy(policy)
    assert set(shipped) == set(EFFECTS.names())
    settings = PolicySettings(transforms=shipped)  # raises where a range leaves its limits
    for name, transform in settings.transforms.items():
        assert 0 < transform.probability <= 1, name
        assert not EFFECTS[name].switch or transform.range in (None, (1, 1)), name


def test_heavier_policies_damage_more_often_and_harder():
    def expected(policy):
        return sum(
            values["probability"] for name, values in shipped_policy(policy).items() if EFFECTS[name].phase != "camera"
        )

    assert expected("light") < 0.7 * expected("document") < expected("document") < 0.7 * expected("heavy")
    for name, effect in EFFECTS.items():
        if effect.switch or name in ("rotate", "tilt", "grey_fill"):
            continue
        strengths = [
            max(abs(end - effect.neutral) for end in shipped_policy(policy)[name]["range"]) for policy in POLICIES
        ]
        assert strengths == sorted(strengths), name


def test_own_transforms_replace_the_policys_and_keep_its_range_where_they_name_none():
    settings = PolicySettings(
        policy="heavy",
        transforms={
            "jpeg": {"probability": 0.9},
            "fade": {"probability": 1, "range": [0.1, 0.2]},
            "cover": {"probability": 0},
        },
    )
    merged = settings.merged()
    assert merged["jpeg"].probability == 0.9 and list(merged["jpeg"].range) == shipped_policy("heavy")["jpeg"]["range"]
    assert merged["fade"].range == (0.1, 0.2) and "cover" not in merged
    assert list(merged) == [name for name in EFFECTS.names() if name != "cover"]


def test_without_a_policy_there_is_only_what_is_named():
    assert PolicySettings(policy="none").merged() == {}
    merged = PolicySettings(
        policy="none", transforms={"jpeg": {"probability": 0.9}, "mirror": {"probability": 0.5}}
    ).merged()
    assert list(merged) == ["mirror", "jpeg"] and merged["jpeg"].range == EFFECTS["jpeg"].range == (15, 60)


def test_what_is_unknown_or_out_of_its_limits_is_refused():
    with pytest.raises(ValueError, match="no policy 'hard'; there are none, document, heavy, light"):
        PolicySettings(policy="hard")
    with pytest.raises(ValueError, match="no effect 'jpg'; there are .*jpeg"):
        PolicySettings(transforms={"jpg": {"probability": 1}})
    with pytest.raises(ValueError, match=r"jpeg.range: \[1, 50\], expected two rising numbers within 5 and 100: JPEG"):
        PolicySettings(transforms={"jpeg": {"probability": 1, "range": [1, 50]}})
    with pytest.raises(ValueError, match="no effect 'creases'"):
        AugmentSettings(test_like={"held_out": ["creases"]})


def test_training_never_gets_a_held_out_effect_and_test_like_images_do():
    settings = AugmentSettings()
    held_out = set(settings.test_like.held_out)
    assert 0.05 < len(held_out) / len(EFFECTS.names()) < 0.25
    assert not held_out & set(settings.transforms_for("train")) and held_out <= set(
        settings.transforms_for("test_like")
    )
    assert {EFFECTS[name].phase for name in held_out} >= {"ink", "paper", "light", "sensor"}


def test_a_switch_gives_training_the_held_out_effects_too():
    settings = AugmentSettings(train_on_held_out=True)
    assert settings.transforms_for("train") == settings.merged() == AugmentSettings().merged()
    assert set(AugmentSettings().test_like.held_out) <= set(settings.transforms_for("train"))
    assert settings.transforms_for("test_like") == AugmentSettings().transforms_for("test_like")


def test_the_names_of_each_purpose_are_those_it_can_draw():
    settings = AugmentSettings(
        policy="none",
        transforms={name: {"probability": 0.1} for name in ("jpeg", "crease", "shadow")},
        test_like={"policy": "none", "held_out": ["crease"], "transforms": {"crease": {"probability": 1}}},
    )
    assert settings.names() == {"train": ("shadow", "jpeg"), "test_like": ("crease",)}
    assert settings.model_copy(update={"train_on_held_out": True}).names()["train"] == ("crease", "shadow", "jpeg")


def test_the_test_like_images_do_not_follow_the_training_policy():
    heavy = AugmentSettings(policy="heavy", transforms={"jpeg": {"probability": 1}})
    assert heavy.transforms_for("test_like") == AugmentSettings().transforms_for("test_like")
    assert heavy.transforms_for("train") != AugmentSettings().transforms_for("train")
