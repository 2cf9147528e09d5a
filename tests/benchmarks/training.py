"""How fast training and test-time augmentation are: against the machine's limit, plain PyTorch and fastai, in one
run.

    python3.11 -m venv ../fastai && ../fastai/bin/pip install fastai timm safetensors torch==<the same version>
    python tests/benchmarks/training.py --fastai ../fastai/bin/python
    python tests/benchmarks/training.py --quick           a smoke run on a few images: its figures mean nothing

A generated competition, or the real one that --pages names, is packed by the stages prepare, split and augment in a
temporary folder, at 160 and 224 pixels. Every way trains lite0 from the same weights on the same training pages of a
fold, each page as one of the same damaged copies per epoch, flipped and turned by quarters, with the preset's batch
size, learning rate and label smoothing:

    ours      `fit`, from the packed store, as the preset says: bfloat16 where the processor has it, first stages frozen
    limit     a bare loop over tensors in memory: our network, precision, frozen stages and optimizer
    plain     training/plain.py: PyTorch's tutorial on loose JPEGs (the store's very bytes), float32, the whole network
    fastai    training/fastai_loop.py: fastai's tutorial on the same files, float32, the whole network

They stand in processes of their own (ours and limit share one) and take turns, an epoch each. images/s is of training
alone, without validation, the median of the epochs; at 224 pixels epochs are short and nothing is scored. At 160
pixels, after the last epoch, each way predicts the fold's validation images, clean and test-like, upright: macro
F1.

Test-time augmentation: a network that `fit` has trained at that size predicts held-out images (test-like ones of the
fold's validation pages, then the test set's), with the same 20 drawn passes: ours from the packed store, distinct
orientations, in the preset's precision; plain from loose files through a DataLoader, which decodes in every pass,
float32, batch-norm and memory format as they are. Each takes its turn at every piece of about 128 images.

The last line is one JSON object: share_of_limit, over_plain, over_fastai (null without --fastai) and tta_ratio, each
the worse one of both sizes, and the figures behind them by size.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from training.figures import same_vote, scores, speeds
from training.jobs import write_training_job, write_tta_job
from training.project import make_project
from training.turns import Worker, worker

SCORED = 160  # pixels at which the ways are trained to the end and scored
SIZES = (SCORED, 224)
PIECE = 128  # images predicted in a turn
HEADLINES = ("share_of_limit", "over_plain", "over_fastai", "tta_ratio")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fastai", metavar="PYTHON", help="interpreter of the environment that has fastai")
    parser.add_argument(
        "--pages", type=Path, help="folder of a competition: train.csv, sample_submission.csv, train/, test/"
    )
    parser.add_argument("--preset", help="whose lite0 is trained; default: sample, or cpu with --pages")
    parser.add_argument("--epochs", type=int, default=6, help=f"at {SCORED} pixels")
    parser.add_argument(
        "--fold", type=int, default=0, help="that is trained on and scored; predictions are always fold 0's"
    )
    parser.add_argument("--train", type=int, default=510, help="training pages generated")
    parser.add_argument("--test", type=int, default=430, help="test pages generated")
    parser.add_argument("--rounds", type=int, default=5, help="epochs at 224 pixels")
    parser.add_argument("--round-images", type=int, default=160, help="images of an epoch at 224 pixels")
    parser.add_argument("--passes", type=int, default=20, help="of test-time augmentation")
    parser.add_argument("--tta-epochs", type=int, default=18, help="that the network which predicts is trained")
    parser.add_argument("--tta-images", type=int, default=600, help="held-out images predicted, at the most")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, undamaged copies")
    given = parser.parse_args()
    if given.quick:
        given.epochs, given.train, given.test, given.rounds, given.round_images = 2, 51, 34, 2, 32
        given.tta_epochs, given.tta_images = 1, 20
    given.preset = given.preset or ("cpu" if given.pages else "sample")
    return given


def check_fastai(python: str) -> None:
    """End the run, before any work is done, where `python` has no fastai."""
    found = subprocess.run([python, "-c", "import fastai, timm"], capture_output=True, text=True)
    if found.returncode:
        sys.exit(
            f"error: --fastai {python}: expected an interpreter that imports fastai and timm, found: "
            f"{found.stderr.strip().splitlines()[-1]}; the first lines of this file say how to make one"
        )


def measure_training(job: Path, epochs: int, fastai: str | None) -> dict:
    """Return speeds of all ways, in turns of an epoch each, and macro F1 after the last."""
    with ExitStack() as open_workers:
        workers = {
            "ours": open_workers.enter_context(worker("ours", "ours", job)),
            "plain": open_workers.enter_context(worker("plain", "plain", job)),
        }
        if fastai:
            workers["fastai"] = open_workers.enter_context(worker("fastai", "fastai_loop", job, fastai))
        facts = {way: one.ready for way, one in workers.items()}
        turns = {"limit": workers["ours"], **workers}
        rounds, losses = {way: [] for way in turns}, {way: [] for way in workers}
        for epoch in range(epochs):
            for way in list(turns)[:: -1 if epoch % 2 else 1]:
                answer = turns[way].ask("limit" if way == "limit" else "round")
                rounds[way].append(answer["images_per_s"])
                if way in losses:
                    losses[way].append(round(answer["loss"], 3))
            latest = "  ".join(f"{way} {values[-1]:.1f}" for way, values in rounds.items())
            print(f"{job.stem}: epoch {epoch + 1}/{epochs}, images/s: {latest}", flush=True)
        answers = {way: one.ask("answers") for way, one in workers.items()}
    facts_of_job = json.loads(job.read_text())
    return speeds(rounds) | {
        "macro_f1": _scored(facts_of_job, answers),
        "loss": losses,
        "processes": facts,
        "images": len(facts_of_job["pages"]),
        "batch_size": facts_of_job["settings"]["batch_size"],
    }


def _scored(job: dict, answers: dict[str, dict]) -> dict:
    return {
        condition: scores(
            [page["label"] for page in pages],
            {way: answer[condition] for way, answer in answers.items()},
            job["classes"],
        )
        for condition, pages in job["valid"].items()
    }


def measure_tta(job: Path) -> dict:
    """Return images/s of ours and of the plain passes, in turns of a piece each, and how alike their answers are."""
    facts = json.loads(job.read_text())
    with worker("ours", "ours_tta", job) as ours, worker("plain", "plain_tta", job) as plain:
        ways: dict[str, Worker] = {"ours": ours, "plain": plain}
        rates, answers, trained = {way: [] for way in ways}, {way: [] for way in ways}, ours.ready
        for piece in pieces(facts["sets"]):
            for way, one in ways.items():
                answer = one.ask(piece)
                rates[way].append(answer["images_per_s"])
                answers[way] += answer["answers"]
            print(
                f"{job.stem}: {piece}, images/s: ours {rates['ours'][-1]:.1f}  plain {rates['plain'][-1]:.1f}",
                flush=True,
            )
    labels = [label for part in facts["sets"].values() for label in part["labels"]]
    by_way = speeds(rates)
    return {
        "tta_ratio": by_way["over_plain"],
        "images_per_s": by_way["images_per_s"],
        "rounds": by_way["rounds"],
        "passes": len(facts["drawn"]),
        "distinct_orientations": sum(weight > 0 for weight in facts["weights"]),
        "validation_macro_f1": round(trained["test_like"], 3),
        **same_vote(answers["ours"], answers["plain"], labels, facts["classes"]),
    }


def pieces(sets: dict[str, dict]) -> list[str]:
    """Return "set first last" of pieces of equal size, of at most PIECE images or little more."""
    result = []
    for name, part in sets.items():
        count = max(1, round(len(part["rows"]) / PIECE)) if part["rows"] else 0
        edges = [len(part["rows"]) * n // max(1, count) for n in range(count + 1)]
        result += [f"{name} {first} {last}" for first, last in zip(edges, edges[1:], strict=False)]
    return result


def worst(sizes: dict[str, dict]) -> dict:
    """Return each headline's lower value of all sizes, None where it wasn't measured."""
    found = {name: [size[name] if name in size else size["tta"][name] for size in sizes.values()] for name in HEADLINES}
    return {name: None if None in values else min(values) for name, values in found.items()}


def main() -> None:
    given = parse()
    if given.fastai:
        check_fastai(given.fastai)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copies = dict.fromkeys(SIZES, max(1, given.epochs - 1))  # and the clean one: an epoch's image of each page
        make_project(folder, given.pages, given.preset, copies, given.train, given.test, damaged=not given.quick)
        sizes = {}
        for size in SIZES:
            whole = size == SCORED
            limits = (given.epochs, None, None) if whole else (given.rounds, given.round_images, 32)
            job = write_training_job(folder, size, *limits, given.fold)
            sizes[str(size)] = measure_training(job, limits[0], given.fastai)
            if not whole:
                del sizes[str(size)]["macro_f1"]  # of 32 images after so few steps, it says nothing
        for size in SIZES:
            job = write_tta_job(folder, size, given.tta_epochs, given.passes, given.tta_images)
            sizes[str(size)]["tta"] = measure_tta(job)
    print(json.dumps(sizes, indent=1))
    print(json.dumps(worst(sizes) | {"sizes": sizes}))


if __name__ == "__main__":
    main()
