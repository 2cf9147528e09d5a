"""Learn to turn pages upright: `python -m pipelines.upright` (stage `upright`).

Reads data/train.arrow, data/test.arrow and folds/folds.csv. Makes folds/upright/: *.safetensors, for each fold the
networks that find a page's corners and its orientation, learnt from damaged copies of the other folds' pages, without
labels; straightener.json, what `augment` and `predict` need beside them; pages.png, an image grid of test images before
and after; and folds/upright.json: how well pages that no network saw are found, and whether the networks are used.
"""

import shutil
from time import perf_counter

from competition.common import paths
from competition.common.files import replace_folder, write_json
from competition.common.locks import Use
from competition.compute.device import set_up_process
from competition.settings.load import load_settings
from competition.upright.learn import GRID, learn, resume_key
from pipelines._main import log, run


def main() -> None:
    settings = load_settings()
    paths.UPRIGHT_FACTS.unlink(missing_ok=True)
    if settings.upright.use == "off":
        with replace_folder(paths.UPRIGHT):
            pass
        write_json(paths.UPRIGHT_FACTS, {"used": False})
        log("upright: off")
        return
    set_up_process()
    began = perf_counter()
    state = (paths.STATE / f"upright-{resume_key(settings)}").resolve()
    facts = learn(settings, state, print_epoch)
    seconds = round(perf_counter() - began, 1)
    write_json(paths.UPRIGHT_FACTS, facts | {"seconds": seconds})
    shutil.rmtree(state)
    log("found pages", **{name: value for name, value in facts["test_like"].items() if not isinstance(value, dict)})
    found = facts.get("frozen_features", {})
    if "problem" in found:
        log("warning: frozen features", problem=found["problem"])
    elif found:
        if left_out := found.get("folds_left_out"):
            log("warning: few images", problem=f"frozen features can't be learnt for the folds {left_out}: left out")
        log("frozen features", **found["score"])
        log("their log loss", **found["log_loss"], standard_error=found["standard_error"])
    log("upright", used=facts["used"], drawn=paths.UPRIGHT / GRID, seconds=seconds)


def print_epoch(row: dict) -> None:
    print(f"fold {row['fold']}  {row['network']:11s}  epoch {row['epoch']:3d}  loss {row['loss']:.4f}", flush=True)


if __name__ == "__main__":
    run(main, use=Use.PACK)
