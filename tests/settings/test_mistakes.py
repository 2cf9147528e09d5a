"""params.yaml: each mistake is named by its key."""

import pytest
from makers.params import load

from competition.settings.load import load_settings
from competition.settings.params import Settings


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        ("sprit: {seed: 1}", "sprit", "unknown key"),
        ("split: {sead: 1}", "split.sead", "unknown key"),
        ("members: {lite0: {kind: finetuned, epoch: 3}}", "members.lite0.epoch", "unknown key"),
        ("members: {features: {kind: features, epochs: 3}}", "members.features.epochs", "unknown key"),
        ("specialize: {network: {epoch: 3}}", "specialize.network.epoch", "unknown key"),
        ("split: {seed: one}", "split.seed", "integer"),
        ("split: {folds: 5}", "split.folds", "tuple"),
        ("split: 5", "split", ""),
        ("split: {seed: -1}", "split.seed", "greater than or equal to 0"),
        (
            "augment: {transforms: {mirror: {probability: 1.5}}}",
            "augment.transforms.mirror.probability",
            "less than or equal to 1",
        ),
        ("augment: {transforms: {miror: {probability: 0.5}}}", "augment.transforms", "no effect 'miror'"),
        (
            "augment: {transforms: {jpeg: {probability: 0.5, range: [60, 15]}}}",
            "augment.transforms",
            "jpeg.range: [60, 15]",
        ),
        (
            "augment: {transforms: {jpeg: {probability: 0.5, range: [0, 15]}}}",
            "augment.transforms",
            "within 5 and 100: JPEG quality",
        ),
        ("augment: {transforms: {jpeg: {range: [20, 30]}}}", "augment.transforms.jpeg.probability", "required"),
        ("augment: {policy: harsh}", "augment.policy", "document"),
        ("augment: {test_like: {held_out: [creases]}}", "augment.test_like.held_out", "no effect 'creases'"),
        ("augment: {test_like: {copies: 2}}", "augment.test_like.copies", "unknown key"),
        ("augment: {balance: 2}", "augment.balance", "less than or equal to 1"),
        ("augment: {class_copies: {'3': 0}}", "augment.class_copies.3", "greater than 0"),
        ("machine: {workers: -1}", "machine.workers", "greater than or equal to 0"),
        ("machine: {processes: 0}", "machine.processes", "greater than or equal to 1"),
        ("augment: {quality: 0}", "augment.quality", "greater than or equal to 1"),
        ("prepare: {longest_side: 3}", "prepare.longest_side", "16"),
        ("members: {lite0: {kind: finetuned, learning_rate: 0}}", "members.lite0.learning_rate", "greater than 0"),
        ("members: {lite0: {kind: finetuned, precision: half}}", "members.lite0.precision", "float32"),
        ("members: {lite0: {kind: finetuned, batch_size: 1}}", "members.lite0.batch_size", "2"),
        ("members: {lite0: {kind: finetuned, patience: 0}}", "members.lite0.patience", "1"),
        ("members: {lite0: {kind: tuned}}", "members.lite0", "finetuned"),
        ("members: {'a/b': {kind: grey}}", "members.a/b", "pattern"),
        ("train: {members: []}", "train.members", "at least 1"),
        ("tta: {passes: 0}", "tta.passes", "1"),
        ("ensemble: {top: 0}", "ensemble.top", "1"),
        ("ensemble: {confidence: 1}", "ensemble.confidence", "less than 1"),
        ("ensemble: {choose: best}", "ensemble.choose", "expected one of ['auto', 'lite0'"),
        ("ensemble: {external: [a, a]}", "ensemble.external", "twice"),
        ("ensemble: {external: [../a]}", "ensemble.external", "pattern"),
        ("ensemble: {unlock_holdout: true}", "ensemble.unlock_holdout", "split.holdout is 0"),
        ("specialize: {hard_classes: some}", "specialize.hard_classes", "auto"),
        ("split: {folds: [0]}", "folds", "at least 2 folds, found [0]"),
        ("split: {folds: [1, 2]}", "folds", "[0, 1, ...]"),
        ("split: {folds: [0, 2, 1]}", "folds", "[0, 1, ...]"),
        ("split: {folds: [0, 1, 2], n_splits: 2}", "n_splits", "2 for 3 folds; expected as many, more"),
        ("split: {holdout: 0.95}", "holdout", "0.95 leaves too little"),
        ("train: {members: [lite0, lite9]}", "train.members", "lite9"),
        ("train: {members: [lite0, lite0]}", "train.members", "twice"),
        ("train: {members: [features]}", "specialize.base", "'lite0' is not among train.members"),
        ("specialize: {base: [grey]}", "specialize.base", "of kind grey"),
        ("specialize: {base: lite0}", "specialize.base", "write base: [lite0], or base: []"),
        ("specialize: {base: null}", "specialize.base", "write base: []"),
        ("specialize:", "specialize", "write base: []"),
        ("specialize: {base: [lite0, features]}", "specialize.base", "at most 1"),
        ("specialize: {base: []}\nensemble: {choose: lite0_specialist}", "ensemble.choose", "expected one of"),
        ("plugins: own.py", "plugins", "tuple"),
        ("specialize: {network: {network: resnet18}}", "specialize.network.network", "tf_efficientnet_lite0"),
        ("augment: {size: 100}", "members.lite0.size", "augment.size packs only 100"),
        ("augment: {copies: 1}", "members.features.copies", "augment.copies makes only 1"),
        ("specialize: {network: {size: 300}}", "specialize.network.size", "300 pixels"),
        ("members: {lite0: {kind: finetuned, size: 64, first_size: 96}}", "members.lite0", "first_size: 96"),
        (
            "members: {lite0: {kind: finetuned, score_every: 8, patience: 6}}",
            "members.lite0",
            "patience: 6 epochs would be",
        ),
        ("members: {lite0: {kind: finetuned, score_every: 8, schedule: step}}", "members.lite0", "patience: 6 epochs"),
        (
            "members: {lite0: {kind: finetuned, keep: last, soup: 2}}",
            "members.lite0",
            "keep: last, but soup: 2 goes by",
        ),
        (
            "members: {lite0: {kind: finetuned, keep: last, patience: 2}}",
            "members.lite0",
            "keep: last, but patience: 2",
        ),
        ("members: {a: {kind: finetuned, score_every: 2, schedule: plateau}}", "members.a", "plateau asks every"),
        ("members: {a: {kind: finetuned, score_every: null, schedule: plateau}}", "members.a", "plateau asks every"),
        ("members: {a: {kind: finetuned, score_every: null, patience: 3}}", "members.a", "null, but patience: 3"),
        ("members: {a: {kind: finetuned, score_every: null, soup: 2}}", "members.a", "score_every: null, but soup: 2"),
        (
            "members: {lite0_adapted: {kind: finetuned}}\ntrain: {members: [lite0_adapted]}\nspecialize: {base: []}",
            "train.members",
            "rename the member",
        ),
        ("rules: {pseudo_label: true}", "rules.pseudo_label", "unknown key"),
        ("rules: {public_submissions: -1}", "rules.public_submissions", "greater than or equal to 0"),
        (
            "rules: {pseudo_labels: true, test_statistics: false}",
            "rules",
            "pseudo_labels: true, but test_statistics: false",
        ),
        ("adapt: {average: 1}", "adapt.average", "less than 1"),
        ("adapt: {members: lite0}", "adapt.members", "write members: [lite0]"),
        ("adapt: {members: }", "adapt.members", "write members: []"),
        ("adapt: {members: [x]}", "adapt.members", "'x' is not among train.members"),
        ("adapt: {members: [grey]}", "adapt.members", "'grey' is of kind grey"),
        ("adapt: {members: [lite0, lite0]}", "adapt.members", "a name stands twice"),
        (
            "refit: {members: lite0}",
            "refit.members",
            "expected a list: write members: [lite0], or members: [] for none",
        ),
        ("distil: {student: lite0}", "distil.student", "write student: [lite0]"),
        ("distil: {student: [lite0, grey]}", "distil.student", "at most 1"),
        ("distil: {student: [x]}", "distil.student", "'x' not described under members"),
        ("distil: {student: [grey]}", "distil.student", "'grey' is of kind grey; only finetuned ones"),
        (
            "distil: {student: [x], start: x}\nmembers: {lite0: {kind: finetuned}, x: {kind: finetuned}}\n"
            "train: {members: [lite0]}",
            "distil.start",
            "'x' is not among the trained members ['lite0']",
        ),
        ("distil: {student: [lite0], start: features}", "distil.start", "'features' is not finetuned of the network"),
        ("distil: {orientations: 9}", "distil.orientations", "less than or equal to 8"),
        (
            "train: {members: [student]}\nmembers: {student: {kind: grey}}\nspecialize: {base: []}",
            "train.members",
            "student",
        ),
        ("refit: {seeds: 0}", "refit.seeds", "expected a list"),
        ("refit: {members: [x]}", "refit.members", "'x' is not among train.members"),
        ("refit: {members: [grey]}", "refit.members", "'grey' is of kind grey; only finetuned ones"),
        ("refit: {members: [lite0], seeds: [1, 1]}", "refit.seeds", "one stands twice"),
        (
            "refit: {members: [a]}\ntrain: {members: [a]}\nspecialize: {base: []}\n"
            "members: {a: {kind: finetuned, schedule: plateau}}",
            "refit.members",
            "plateau, which goes by scores",
        ),
    ],
)
def test_a_mistake_is_named_by_its_key(tmp_path, text, key, what):
    with pytest.raises(ValueError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert "params.yaml" in message and key in message and what in message, message
    assert "Traceback" not in message and "pydantic" not in message


def test_all_mistakes_are_named_at_once(tmp_path):
    with pytest.raises(ValueError) as caught:
        load(tmp_path, "split: {sead: 1}\naugment: {size: big, copys: 2}\n")
    assert all(key in str(caught.value) for key in ("split.sead", "augment.size", "augment.copys"))


@pytest.mark.parametrize("text", ["a: [", "split: {a", "\tsplit: 1"])
def test_broken_yaml_says_so(tmp_path, text):
    with pytest.raises(ValueError, match=r"params\.yaml: not valid YAML"):
        load(tmp_path, text)


@pytest.mark.parametrize("text", ["- split", "split", "3"])
def test_yaml_without_sections_is_refused(tmp_path, text):
    with pytest.raises(ValueError, match=r"params\.yaml"):
        load(tmp_path, text)


def test_a_missing_file_says_where_to_stand(tmp_path):
    with pytest.raises(FileNotFoundError, match="run from the project's folder"):
        load_settings(tmp_path / "params.yaml")


@pytest.mark.parametrize("section", [*Settings.model_fields])
def test_every_section_stands_in_the_message_under_its_own_name(tmp_path, section):
    with pytest.raises(ValueError, match=section):
        load(tmp_path, f"{section}: {{no_such_key: 1}}")
