"""Presets: listed, written, and those of published recipes held against what was published."""

from pathlib import Path

import pytest
import timm

from competition.compute import processor
from competition.members.kinds.features import FeaturesSettings
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from pipelines import configure

PRESETS = sorted(configure.PRESETS.glob("*.yaml"))
PUBLISHED = {  # of each recipe's table: member -> what the source says
    "documents-b4": {
        "b4": {
            "network": "tf_efficientnet_b4",
            "size": 224,
            "optimizer": "adam",
            "learning_rate": 1e-3,
            "batch_size": 32,
            "loss": "auto",
        }
    },
    "documents-b5": {
        "b5": {"network": "tf_efficientnet_b5", "optimizer": "adam", "learning_rate": 1e-4, "batch_size": 16},
        "b5_focal": {"loss": "focal"},
        "b5_weighted": {"class_weights": "balanced"},
        "b5_sw": {"network": "efficientnet_b5.sw_in12k", "class_weights": "balanced"},
        "b5_cosine": {"learning_rate": 1e-3, "schedule": "cosine"},
    },
    "documents-winner": {"b4": {"network": "tf_efficientnet_b4", "optimizer": "adam", "learning_rate": 1e-3}},
    "documents-trio": {
        f"b{n}": {"network": f"tf_efficientnet_b{n}", "size": size} for n, size in enumerate((224, 240, 260))
    },
    "documents-hybrid": {"hybrid": {"network": "hybrid_tf_efficientnet_b0"}},
    "datarobot": {
        "linear": {"kind": "features"},
        "residual": {"classifier": "mlp"},
        "grey": {"kind": "grey", "size": 20},
    },
    "potato-networks": {
        "resnet50": {"schedule": "plateau", "plateau_patience": 2, "step_factor": 0.5, "epochs": 50},
        "resnet50_smoothed": {"label_smoothing": 0.1},
        "resnet18": {"schedule": "step"},
        "resnet18_focal": {"loss": "focal"},
        "vgg16": {"network": "vgg16"},
        "mobilenetv2": {"network": "mobilenetv2_100", "loss": "class_balanced"},
        "googlenet_frozen": {"tuning": "head"},
        "googlenet_gradual": {"tuning": "gradual", "unfreeze_epoch": 5},
    },
    "eye-photos": {
        "resnet18": {"batch_size": 32},
        "b3": {"class_weights": "none"},
        "b3_weighted": {"class_weights": "balanced"},
    },
    "caltech-256": {
        "convnext": {
            "network": "convnext_xlarge.fb_in22k",
            "size": 224,
            "optimizer": "nadam",
            "batch_size": 32,
            "head": "linear",
        }
    },
    "pets-emotions": {
        "b0": {
            "network": "tf_efficientnet_b0",
            "head": "dense",
            "size": 224,
            "learning_rate": 5e-6,
            "batch_size": 64,
            "class_weights": "balanced",
            "patience": 5,
            "stop_by": "loss",
            "tuning": "full",
        }
    },
}
# offline, of 1,570
IMAGES = {"documents-b4": (40, 62_800), "documents-b5": (60, 94_200), "documents-winner": (40, 62_800)}


def preset(name):
    return load_settings(configure.PRESETS / f"{name}.yaml")


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_recipe_says_what_was_published(name):
    members = preset(name).members
    for member, facts in PUBLISHED[name].items():
        assert {key: getattr(members[member], key) for key in facts} == facts
    text = (configure.PRESETS / f"{name}.yaml").read_text()
    assert text.startswith("# Published recipe, ") and "\n# From the source: " in text and "\n# Ours: " in text


@pytest.mark.parametrize("name", IMAGES)
def test_epochs_and_patience_count_the_sources_in_laps_of_all_copies(name):
    copies, images = IMAGES[name]
    settings = preset(name)
    assert settings.augment.copies == copies and copies * 1570 == images
    lap = copies + 1  # an epoch here shows each image as one of its views: the clean one, or a copy
    assert all(member.epochs % lap == member.patience % lap == 0 for member in settings.members.values())


def test_protocols():
    datarobot = preset("datarobot")
    grid = datarobot.members["linear"].c_range
    assert datarobot.split.holdout == 0.2 and len(datarobot.split.folds) == 5
    assert (min(grid), max(grid)) == (0.01, 100) and 0.0356 in grid
    winner = preset("documents-winner")
    assert winner.specialize.hard_classes == ("3", "7", "14") and set(winner.augment.class_copies) == {"3", "7", "14"}
    assert (
        winner.specialize.network.network == "tf_efficientnet_b5"
        and winner.specialize.mode == "replace"
        and winner.tta.passes == 20
    )
    assert preset("caltech-256").augment.transforms["rotate"].range == (-30, 30)
    convnext = preset("caltech-256").members["convnext"]
    assert convnext.patience >= convnext.epochs  # no early stopping
    gpu = preset("gpu")
    assert {380, 456} == {
        member.size for member in gpu.members.values() if member.kind == "finetuned"
    } and gpu.augment.copies == 60
    assert len(gpu.split.folds) == 5 and gpu.members["b5"].precision == "bfloat16"
    many = preset("many")
    assert many.augment.copies == 1 and {member.kind for member in many.members.values()} == {"finetuned"}


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_network_is_one_that_can_be_had(path):
    settings = load_settings(path)
    for member in [*settings.members.values(), settings.specialize.network]:
        if isinstance(member, (FinetunedSettings, FeaturesSettings)):
            name = member.network.removeprefix("hybrid_")
            assert name == "googlenet" or timm.is_model(name), name
            if member.weights == "hub" and name != "googlenet":
                assert timm.get_pretrained_cfg(name).has_weights, name


def test_the_list_names_every_preset_with_its_first_line(capsys):
    configure.main("")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [path.stem for path in PRESETS]
    assert all("  " in line and not line.endswith(":") and len(line) < 170 for line in lines)


def test_a_preset_is_written_whole(tmp_path, capsys):
    configure.main("many", tmp_path / "params.yaml")
    assert (tmp_path / "params.yaml").read_bytes() == Path(configure.PRESETS / "many.yaml").read_bytes()
    with pytest.raises(ValueError, match="preset 'maney': not among caltech-256, cpu,"):
        configure.main("maney", tmp_path / "params.yaml")


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_what_was_said_of_the_competition_stays(tmp_path, capsys, path):
    params = tmp_path / "params.yaml"
    params.write_text(
        "competition: {id: image_id}\nsubmit: {slug: pages}\nrules: {public_submissions: 5}\nsplit: {folds: [0, 1]}\n"
        "machine: {workers: 1}\n"
    )
    configure.main(path.stem, params)
    found, plain = load_settings(params), load_settings(path)
    competition = plain.competition.model_copy(update={"id": "image_id"})
    submit = plain.submit.model_copy(update={"slug": "pages"})
    assert found == plain.model_copy(
        update={
            "competition": competition,
            "submit": submit,
            "machine": plain.machine.model_copy(update={"workers": 1}),
            "rules": plain.rules.model_copy(update={"public_submissions": 5}),
        }
    )
    kept = "competition.id, rules.public_submissions, submit.slug, machine.workers"
    said = f"preset {path.stem}; as it was: {kept}; `dvc repro`"
    assert said in capsys.readouterr().out


def test_rules_that_a_preset_breaks_leave_the_file(tmp_path):
    params = tmp_path / "params.yaml"
    params.write_text("rules: {external_data: false}\n")
    with pytest.raises(ValueError, match="rules.external_data: false") as error:
        configure.main("documents-b4", params)
    said = str(error.value)
    assert (
        said.startswith(f"preset documents-b4 with the competition, task, rules, submit, machine of {params}: ")
        and ".tmp" not in said
    )
    assert params.read_text() == "rules: {external_data: false}\n"


def test_without_external_data_what_learnt_from_documents_is_not_trained(tmp_path, capsys):
    params = tmp_path / "params.yaml"
    params.write_text("rules: {external_data: false}\n")
    configure.main("cpu", params)
    assert load_settings(params).train.members == ("lite0_288",)
    said = capsys.readouterr().out
    assert "; train.members: [lite0_288], by the task and the rules; members.lcnet_224.weights: none, by " in said


def test_without_external_data_a_guard_is_not_trained_alone(tmp_path):
    params = tmp_path / "params.yaml"
    params.write_text("rules: {external_data: false}\n")
    with pytest.raises(ValueError, match="rules.external_data: false"):
        configure.main("datarobot", params)
    assert params.read_text() == "rules: {external_data: false}\n"


@pytest.mark.parametrize(
    ("flags", "name", "said"), [("avx2", "cpu", True), ("avx2", "gpu", False), ("amx_bf16", "cpu", False)]
)
def test_a_slower_processor_than_a_presets_time_is_of_is_told(flags, name, said, tmp_path, monkeypatch, capsys):
    info = tmp_path / "cpuinfo"
    info.write_text(f"flags: sse {flags} fma\n")
    monkeypatch.setattr(processor, "CPU_INFO", info)
    processor.has_bfloat16.cache_clear()
    try:
        configure.main(name, tmp_path / "params.yaml")
    finally:
        processor.has_bfloat16.cache_clear()
    assert ("this one has none, and takes 1.3 to 1.7 times as long" in capsys.readouterr().out) == said
