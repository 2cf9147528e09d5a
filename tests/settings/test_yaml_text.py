"""params.yaml as editors and shells save it, and words that YAML takes for something else: as DVC reads them."""

import pytest
from dvc.utils.serialize import parse_yaml

from competition.settings.edit import apply
from competition.settings.load import load_settings
from competition.settings.yaml_text import YamlText

TEXT = "# 한국어 설명\nsplit:\n  seed: 3\n"
WORDS = (
    *("no", "yes", "on", "off", "n", "y", "true", "True", "false", "1e-3", "1e5", "0777", "007", "0o17", "0x1F", "-0"),
    *("12:30", "1:2:3", "2026-11-28", "+1", "1_000", ".5", "1.", ".inf", "=", "영수증"),
)
WRITTEN = ("no", "1e5", "007", "12:30", "~", "null", "a: b", "#1", "'", "영수증", "-x", "@a", "=1")


def read(tmp_path, content):
    file = tmp_path / "params.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_settings(file)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.replace("\n", "\r\n").encode("utf-8-sig"),
        TEXT.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + TEXT.encode("utf-8-sig"),
        (TEXT + "\n\n   \n").encode(),
    ],
)
def test_utf_8_however_it_is_saved(tmp_path, content):
    assert read(tmp_path, content).split.seed == 3


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (TEXT.encode("cp949"), "is not UTF-8 text (byte 0xc7 in line 1); save it as UTF-8"),
        ("split:\n  seed: 3  # größe\n".encode("cp1252"), "(byte 0xf6 in line 2)"),
        (TEXT.encode("utf-16"), "saved as UTF-16; save it as UTF-8, which is all that DVC reads"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16"),
        (b"split: {seed: 3}\n\0", "a NUL in line 2"),
        ("split:\n\u00a0 seed: 3\n", "line 2 is indented with U+00A0"),
        ("split:\n\u3000seed: 3\n", "line 2 is indented with U+3000"),
        ("split:\n\tseed: 3\n", "line 2, column 1"),
        ("split:\n  seed: 3\n  seed: 4\n", "'seed' stands twice\n  in \"<unicode string>\", line 3"),
        ("split: {seed: 3\ntask: {}\n", "not valid YAML"),
        ("competition:\n  id: ~\n", "competition.id: nothing stands here; write its value"),
        ("competition:\n  id:\n", "(line 2)"),
        ("split:\n  folds: [0, 1]\n  seed: many\n", "split.seed: Input should be a valid integer, unable to parse"),
        ("split:\n  folds: [0, 1]\n  seed: many\n", "(line 3)"),
        ("members:\n  big:\n    kind: finetuned\n    epoch: 3\n", "members.big.epoch: unknown key (line 4)"),
    ],
)
def test_what_is_refused_says_file_line_and_cure(tmp_path, content, what):
    with pytest.raises(ValueError) as error:
        read(tmp_path, content)
    assert what in str(error.value) and str(error.value).startswith(str(tmp_path / "params.yaml"))


@pytest.mark.parametrize("word", WORDS)
def test_words_where_text_is_meant(tmp_path, word):
    """In keys, in lists, and as values: as they are written."""
    text = (
        f"competition: {{id: {word}, group: '{word}'}}\ntask: {{metadata: [{word}]}}\n"
        f"specialize: {{hard_classes: [a, {word}]}}\naugment: {{class_copies: {{{word}: 2}}}}\n"
    )
    settings = read(tmp_path, text)
    assert settings.competition.id == settings.competition.group == word
    assert settings.task.metadata == (word,) and settings.specialize.hard_classes == ("a", word)
    assert dict(settings.augment.class_copies) == {word: 2}


@pytest.mark.parametrize("word", [word for word in WORDS if word not in ("2026-11-28", "=")])
def test_numbers_and_truth_values_are_those_of_dvc(tmp_path, word):
    """A date is one to DVC, and = an error; no setting takes either."""
    (tmp_path / "a.yaml").write_text(f"x: {word}\n")
    found, expected = YamlText(tmp_path / "a.yaml").values["x"], parse_yaml(f"x: {word}\n", "a.yaml")["x"]
    if word == "1_000":
        assert (found, expected) == ("1_000", 1000)  # text, which a number's setting takes for 1000
    else:
        assert found == expected and isinstance(found, type(expected)), (found, expected)


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("rules: {external_data: no}", "rules.external_data", False),
        ("rules: {external_data: off}", "rules.external_data", False),
        ("rules: {pseudo_labels: on}", "rules.pseudo_labels", True),
        ("rules: {pseudo_labels: YES}", "rules.pseudo_labels", True),
        ("upright: {use: off}", "upright.use", "off"),
        ("upright: {use: on}", "upright.use", "on"),
        ("split: {seed: 007}", "split.seed", 7),
        ("split: {seed: 1_000}", "split.seed", 1000),
        ("split: {folds: [00, 01]}", "split.folds", (0, 1)),
        ("split: {holdout: 1e-1}", "split.holdout", 0.1),
    ],
)
def test_words_where_something_else_is_meant(tmp_path, text, key, value):
    found = read(tmp_path, text)
    for part in key.split("."):
        found = getattr(found, part)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "word", ["no", "1e5", "007", "12:30", "~", "null", "a: b", "#1", "'", "영수증", "-x", "@a", "=1"]
)
def test_what_a_command_writes_is_read(tmp_path, word):
    file = tmp_path / "params.yaml"
    file.write_bytes("competition:\n  id: x  # wie es heißt\n".encode("utf-8-sig"))
    apply(file, {("competition", "id"): word, ("competition", "group"): word}, load_settings)
    settings = load_settings(file).competition
    assert (settings.id, settings.group) == (word, word) and "heißt" in file.read_text(encoding="utf-8-sig")
