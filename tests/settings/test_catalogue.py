"""The shipped policies name only what there is, within its bounds; and what a policy says is what a copy may get."""

import pytest

from competition.settings.augment import AugmentSettings, PolicySettings
from competition.settings.catalogue import CATALOGUE, PHASES, POLICIES, shipped_policy

SWITCHES = {"mirror", "transpose", "quarter_turn", "background", "to_grey", "invert"}


def test_every_transform_has_a_phase_and_a_neutral_value_within_or_at_its_limits():
    for name, entry in CATALOGUE.items():
        low, high = entry.limits
        assert entry.phase in PHASES and low < high and entry.amount, name
        assert low <= entry.neutral <= high, name


@pytest.mark.parametrize("policy", POLICIES)
def test_a_shipped_policy_holds_every_transform_and_is_valid(policy):
    shipped = shipped_policy(policy)
    assert set(shipped) == set(CATALOGUE)
    settings = PolicySettings(transforms=shipped)  # raises where a range leaves its limits
    for name, transform in settings.transforms.items():
        assert 0 < transform.probability <= 1, name
        assert (transform.range is None) == (name in SWITCHES), name


def test_heavier_policies_damage_more_often_and_harder():
    def expected(policy):
        return sum(
            values["probability"]
            for name, values in shipped_policy(policy).items()
            if CATALOGUE[name].phase != "camera"
        )

    assert expected("light") < 0.7 * expected("document") < expected("document") < 0.7 * expected("heavy")
    for name, entry in CATALOGUE.items():
        if name in SWITCHES | {"rotate", "tilt", "grey_fill"}:
            continue
        strengths = [
            max(abs(end - entry.neutral) for end in shipped_policy(policy)[name]["range"]) for policy in POLICIES
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
    assert set(merged) == set(CATALOGUE) - {"cover"} and list(merged) == [name for name in CATALOGUE if name in merged]


def test_without_a_policy_there_is_only_what_is_named():
    assert PolicySettings(policy="none").merged() == {}
    merged = PolicySettings(
        policy="none", transforms={"jpeg": {"probability": 0.9}, "mirror": {"probability": 0.5}}
    ).merged()
    assert (
        list(merged) == ["mirror", "jpeg"] and list(merged["jpeg"].range) == shipped_policy("document")["jpeg"]["range"]
    )


def test_training_never_gets_a_held_out_transform_and_test_like_views_do():
    settings = AugmentSettings()
    held_out = set(settings.test_like.held_out)
    assert 0.05 < len(held_out) / len(CATALOGUE) < 0.25
    assert not held_out & set(settings.transforms_for("train")) and held_out <= set(
        settings.transforms_for("test_like")
    )
    assert {CATALOGUE[name].phase for name in held_out} >= {"ink", "paper", "light", "sensor"}


def test_the_test_like_views_do_not_follow_the_training_policy():
    heavy = AugmentSettings(policy="heavy", transforms={"jpeg": {"probability": 1}})
    assert heavy.transforms_for("test_like") == AugmentSettings().transforms_for("test_like")
    assert heavy.transforms_for("train") != AugmentSettings().transforms_for("train")
