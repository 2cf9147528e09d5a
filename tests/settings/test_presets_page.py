"""docs/presets.md has each preset once, with what the preset itself says it is for."""

import re

from competition.common.imports import ROOT

PRESETS = {path.stem: path for path in (ROOT / "competition/settings/presets").glob("*.yaml")}
ROWS = re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", (ROOT / "docs/presets.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_preset_has_one_row():
    assert sorted(name for name, _ in ROWS) == sorted(PRESETS)


def test_the_recipes_are_described_as_they_describe_themselves():
    for name, about in ROWS:
        first = PRESETS[name].read_text(encoding="utf-8").splitlines()[0].lower().removeprefix("# ")
        words = about if about != "the same" else "a competition of about 1,570 training and 3,140 test pages"
        assert words.split(" at ")[0].lower() in first, name
