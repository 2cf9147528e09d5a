"""Trial of an export's files, end to end and without this project: from test images as files to probabilities, against
this project's own way there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from competition.augmentation.offline import Straightener
from competition.inference.loader import stack
from competition.serving.new_images import read_images
from competition.serving.onnx import PROBABILITIES
from competition.serving.onnx_models import MODEL
from competition.settings.params import Settings

TRIED = 60  # images at the most
# a program that is told paths, and says place -> probabilities of those that it can read
ALONE = f"""
import json, sys
sys.path.insert(0, ".")
import onnxruntime
from page import read_page
session, found = onnxruntime.InferenceSession("{MODEL}", providers=["CPUExecutionProvider"]), {{}}
for place, path in enumerate(json.load(sys.stdin)):
    try:
        page = read_page(path)
    except OSError:
        continue
    found[place] = session.run(["{PROBABILITIES}"], {{"images": page[None]}})[0][0].tolist()
json.dump(found, sys.stdout)
"""


@dataclass(frozen=True, eq=False)
class Trial:
    """Files beside an exported model, by name, and test `images` to try it on.

    straighten: this project's own page finder, None where pages aren't turned upright.
    """

    files: Mapping[str, bytes]
    images: Sequence[Path]
    straighten: Straightener | None = None

    def compare(
        self, model: bytes, answered: Callable[[np.ndarray], np.ndarray], size: int, settings: Settings
    ) -> dict[str, object]:
        """Return on how many images the files and the network, behind what `predict` does, give the same answer, and
        how far a probability is apart at the most.

        answered: the network's probabilities of uint8 images (N, size, size, 3). Images that one of them can't read are
        left out.
        """
        paths, own = [str(path) for path in self.images], {}
        alone = self._alone(model, paths)
        for chunk in read_images(Path(), paths, settings.prepare, settings.augment, straighten=self.straighten):
            if chunk.names:
                squares = stack(chunk.images, np.arange(len(chunk.names)), size)
                own |= dict(zip(chunk.names, answered(squares.numpy()), strict=True))
        pairs = [(alone[path], own[path]) for path in paths if path in alone and path in own]
        differences = [float(np.abs(np.subtract(*pair)).max()) for pair in pairs]
        several = settings.task.several
        return {
            "images": len(pairs),
            "same_answer": sum(_is_same(*pair, several) for pair in pairs),
            "largest_probability_difference": float(f"{max(differences, default=0):.2g}"),
        }

    def _alone(self, model: bytes, paths: Sequence[str]) -> dict[str, np.ndarray]:
        """Return path -> probabilities (C,) by the files alone, of images that these can read."""
        with TemporaryDirectory() as folder:
            for name, content in {**self.files, MODEL: model}.items():
                (Path(folder) / name).write_bytes(content)
            done = subprocess.run(
                [sys.executable, "-c", ALONE],
                cwd=folder,
                env={key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
                input=json.dumps([str(Path(path).resolve()) for path in paths]),
                capture_output=True,
                text=True,
            )
        if done.returncode:
            raise RuntimeError(f"the exported files don't run:\n{done.stderr}")
        return {paths[int(place)]: np.array(one, np.float32) for place, one in json.loads(done.stdout).items()}


def _is_same(one: np.ndarray, other: np.ndarray, several: bool) -> bool:
    return bool(((one >= 0.5) == (other >= 0.5)).all() if several else one.argmax() == other.argmax())
