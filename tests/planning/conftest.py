"""A small competition to plan for."""

import cv2
import numpy as np
import pandas as pd
import pytest
from makers.surveys import made_settings

from competition.data.competition import read_competition


@pytest.fixture
def competition(tmp_path):
    root = tmp_path / "data/raw"
    rows = [(f"a{n:03d}", "letter" if n % 10 else 'a, "rare" one') for n in range(60)]
    for part, names in (("train", [name for name, _ in rows]), ("test", [f"t{n:03d}" for n in range(30)])):
        (root / part).mkdir(parents=True)
        for name in names:
            cv2.imwrite(str(root / part / f"{name}.png"), np.full((8, 8), 200, np.uint8))
    pd.DataFrame(rows, columns=["ID", "target"]).assign(
        group=["" if n % 2 else f"g{n // 4}" for n in range(60)]
    ).to_csv(root / "train.csv", index=False)
    pd.DataFrame({"ID": [f"t{n:03d}" for n in range(30)], "target": "letter"}).to_csv(
        root / "sample_submission.csv", index=False
    )
    return read_competition(made_settings(competition={"root": str(root)}).competition)
