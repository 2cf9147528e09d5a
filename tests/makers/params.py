"""Settings read from a params.yaml made for one test."""

from competition.settings.load import load_settings


def load(tmp_path, text):
    """Return the settings that `text` says."""
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path / "params.yaml")
