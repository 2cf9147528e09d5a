"""Export as ONNX of a network that was trained here, which the command holds against torch."""

import contextlib
import json
from pathlib import Path

from gpu.scale import Check


def run(check: Check) -> dict:
    """Return what the export found, and the file's megabytes."""
    from pipelines import export, train

    with contextlib.chdir(check.folder):
        if not Path("folds/weights/lite0/0.safetensors").is_file():
            train.main("lite0", 0)
        export.main("lite0", 0)
        folder = Path("exports/lite0-0")
        facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))["check"]
        return facts | {"megabytes": round((folder / "model.onnx").stat().st_size / 1e6, 2)}
