"""Plugins and registered names: what can be wrong with them is said."""

import pytest

from competition.common.registry import load_plugin
from competition.data.answers import ANSWERS


def test_a_plugin_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        load_plugin(tmp_path / "gone.py")
    assert (
        str(caught.value)
        == f"plugins: {tmp_path}/gone.py: not found; name a Python file, or take it out of params.yaml"
    )


def test_two_plugins_of_one_name(tmp_path):
    first, second = tmp_path / "a/a_plugin_of_one_name.py", tmp_path / "b/a_plugin_of_one_name.py"
    for file in (first, second):
        file.parent.mkdir()
        file.touch()
    load_plugin(first)
    load_plugin(first)  # once per process
    with pytest.raises(ValueError) as caught:
        load_plugin(second)
    assert str(caught.value) == f"plugins: {second} and {first} have one name; rename one"


def test_a_name_that_is_taken(tmp_path):
    (tmp_path / "label.py").write_text(
        "from competition.data.answers import ANSWERS\n\n\n@ANSWERS.register\nclass Label: ...\n"
    )
    before = ANSWERS["label"]
    with pytest.raises(ValueError, match="^answer form label: there is one of that name; rename the file label.py$"):
        load_plugin(tmp_path / "label.py")
    assert ANSWERS["label"] is before
