"""params.yaml: what breaks a rule of the competition is named with the rule."""

import pytest
from makers.params import load

from competition.settings.params import Settings

HUB = "{kind: finetuned, network: resnet18, weights: hub}"


@pytest.mark.parametrize(
    ("rules", "settings", "broken"),
    [
        (
            "external_data: false",
            f"members: {{lite0: {{kind: finetuned}}, big: {HUB}}}",
            ["members.big.weights: hub, but rules.external_data: false"],
        ),
        (
            "external_data: false",
            "members: {lite0: {kind: finetuned, weights: mine.pth}, f: {kind: features, weights: hub}}",
            [
                "members.lite0.weights: mine.pth, but rules.external_data",
                "members.f.weights: hub, but rules.external_data",
            ],
        ),
        (
            "external_data: false",
            f"members: {{lite0: {{kind: finetuned}}}}\nspecialize: {{start: weights, network: {HUB}}}",
            ["specialize.network.weights: hub, but rules.external_data: false"],
        ),
        (
            "external_data: false",
            "members: {lite0: {kind: finetuned}}\nensemble: {external: [friend]}",
            ["ensemble.external: ['friend'], but rules.external_data: false"],
        ),
        (
            "external_data: false",
            "members: {lite0: {kind: finetuned}}\nupright: {use: auto, weights: hub}",
            ["upright.weights: hub, but rules.external_data: false"],
        ),
        (
            "pseudo_labels: false",
            "members: {lite0: {kind: finetuned}}\nadapt: {members: [lite0]}",
            ["adapt.members: ['lite0'], but rules.pseudo_labels: false"],
        ),
        (
            "pseudo_labels: false",
            "members: {lite0: {kind: finetuned}}\ndistil: {student: [lite0], test_images: true}",
            ["distil.test_images: true, but rules.pseudo_labels: false"],
        ),
        (
            "external_data: false",
            "members: {lite0: {kind: finetuned}}\ndistil: {student: [lite0], images: scans}",
            ["distil.images: scans, but rules.external_data: false"],
        ),
    ],
)
def test_what_breaks_a_rule_is_named_with_the_rule(tmp_path, rules, settings, broken):
    settings = f"train: {{members: [lite0]}}\n{settings}"
    with pytest.raises(ValueError) as caught:
        load(tmp_path, f"rules: {{{rules}}}\n{settings}")
    assert all(words in str(caught.value) for words in broken) and str(caught.value).count("but rules.") == sum(
        "but" in b for b in broken
    )
    opposite = rules.replace("false", "true")
    assert load(tmp_path, f"rules: {{{opposite}}}\n{settings}").train.members == ("lite0",)


def test_shipped_and_random_weights_are_no_external_data(tmp_path):
    members = "members: {lite0: {kind: finetuned}, f: {kind: features, weights: none}, grey: {kind: grey}}"
    assert not load(
        tmp_path, f"rules: {{external_data: false}}\n{members}\ntrain: {{members: [lite0, f, grey]}}"
    ).rules.external_data


def test_the_rules_that_nobody_wrote_down():
    rules = Settings().rules
    assert (rules.external_data, rules.pseudo_labels, rules.test_statistics, rules.public_submissions) == (
        True,
        False,
        True,
        None,
    )
