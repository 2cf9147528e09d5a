"""Final vote: what `ensemble` fitted, of every candidate, as one checked file: submissions/final_vote.json.

With the weights it is all that answering other images needs: no labels, no out-of-fold predictions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from competition.common import paths
from competition.common.files import digest, read_json, write_json
from competition.common.registry import load_plugin
from competition.data.answers import ANSWERS
from competition.data.image_files import claims_to_be_image
from competition.data.task import Task
from competition.ensembling.answer_reference import AnswerReference
from competition.ensembling.candidates import Candidate
from competition.ensembling.decision import Decision
from competition.ensembling.final_files import FINAL_VOTE, read_final_if_any
from competition.ensembling.fitted_votes import FittedVote, MemberVote, SpecialistVote
from competition.ensembling.lineage import changed_weights, digest_of_settings
from competition.ensembling.out_of_distribution import RejectionCurve, unknown_scores
from competition.ensembling.precision_curve import PrecisionCurve
from competition.ensembling.rule import SavedVotes
from competition.ensembling.rules import RULES
from competition.ensembling.specialist_votes import SPECIALIST
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.metrics.make import make_metric
from competition.settings.params import Settings
from competition.settings.task import TaskSettings

FORMAT = 4


@dataclass(frozen=True, eq=False)
class FinalVote:
    """Final vote: the fitted vote of every candidate, and which is final.

    chosen: whose answers final.csv has. votes, curves: name -> vote, and its precision by confidence out of fold.
    task: labels and answers as arrays, and as a submission's cells; networks: part -> names of those that vote;
    orientation_weights: (8,), see `competition.inference.tta`; hard: the specialist's targets, () without one;
    external: vote -> submissions made elsewhere that vote in it; params: digest of the settings; weights: part ->
    digest of each network's weights. id_column: of a submission; has_extensions: whether the IDs in it end as images'
    names do. references: name -> the vote's answers out of fold; rejections: name -> its unknown scores, none where an
    image may have several labels.
    """

    chosen: str
    votes: dict[str, FittedVote]
    curves: dict[str, PrecisionCurve]
    task: Task
    networks: dict[str, tuple[int | str, ...]]
    orientation_weights: np.ndarray
    hard: tuple[str, ...]
    external: dict[str, list[str]]
    params: str
    weights: dict[str, list[str]]
    id_column: str = "ID"
    has_extensions: bool = False
    references: dict[str, AnswerReference] = field(default_factory=dict)
    rejections: dict[str, RejectionCurve] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[str, ...]:
        """(C,) the classes."""
        return self.task.targets

    @property
    def target2class(self) -> dict[str, str]:
        """Target -> readable name, in class order."""
        return dict(zip(self.task.targets, self.task.form.names, strict=True))

    def targets_of(self, part: str) -> tuple[str, ...]:
        """Return the classes that the networks of `part`, a member or `specialist`, tell apart."""
        return self.hard if part == SPECIALIST else self.targets

    def vote(self, name: str | None = None) -> FittedVote:
        """Return the vote called `name`, or the one that made final.csv.

        Raises ValueError for a name that no candidate has, and for a vote that holds submissions made elsewhere, which
        answer no other images.
        """
        found, called = name or self.chosen, name or "the final vote"
        if found not in self.votes:
            raise ValueError(
                f"{found}: no vote of that name; --member takes {', '.join(self.votes)}. If params.yaml was changed, "
                "`dvc repro` first"
            )
        if elsewhere := self.external.get(found):
            raise ValueError(
                f"{called}: holds votes of submissions/external ({', '.join(elsewhere)}), which answer the test images "
                "and can't be asked about others; --member names another vote, or take them out of ensemble.external "
                "and run `dvc repro` again"
            )
        return self.votes[found]

    def changed_since(self, settings: Settings, parts: Sequence[str]) -> list[str]:
        """What isn't as it was when the vote was fitted: params.yaml, and weights of those of `parts` that it has."""
        changed = ["params.yaml"] if self.params != digest_of_settings(settings) else []
        return changed + changed_weights(self.weights, settings, parts)


def write_final_vote(
    path: Path | str,
    chosen: Candidate,
    candidates: Sequence[Candidate],
    stacked: StackedPredictions,
    orientation_weights: np.ndarray,
    weights: Mapping[str, Sequence[str]],
    settings: Settings,
) -> None:
    """Write what was fitted. chosen: made final.csv; weights: part -> digest of each network's weights."""
    task = stacked.images.task
    content = {
        "format": FORMAT,
        "chosen": chosen.name,
        "task": task.settings.model_dump(mode="json"),
        "id_column": settings.competition.id,
        "has_extensions": any(map(claims_to_be_image, stacked.images.test_ids)),
        "columns": list(task.form.columns),
        "classes": [
            {"target": target, "class_name": name} for target, name in zip(task.targets, task.form.names, strict=True)
        ],
        "orientation_weights": orientation_weights.tolist(),
        "stacked": {"members": list(stacked.members), "temperatures": stacked.temperatures[0].tolist()},
        "votes": [_saved(one, stacked, settings) for one in candidates],
        "params": digest_of_settings(settings),
        "weights": [
            {"part": part, "networks": list(settings.networks_of(part)), "digests": list(digests)}
            for part, digests in weights.items()
        ],
    }
    write_json(path, content | {"digest": digest(content)})


def read_final_vote(
    folder: Path | str = paths.SUBMISSIONS, name: str = FINAL_VOTE, stage: str = "ensemble"
) -> FinalVote:
    """Return the final vote of `folder`, or what another `stage` has written there in its form as `name`.

    Raises FileNotFoundError, and ValueError for a damaged file, one of another version, and one of another run than
    final.csv.
    """
    path = Path(folder) / name
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage {stage})")
    try:
        content = read_json(path)
        expected = content.pop("digest")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{path}: no final vote, or a damaged one; `dvc repro {stage}` makes it anew") from error
    if content.get("format") != FORMAT:
        raise ValueError(
            f"{path}: format {content.get('format')}, expected {FORMAT}: another version wrote it; "
            "`dvc repro` makes it anew"
        )
    if expected != digest(content):
        raise ValueError(f"{path}: damaged or edited: its digest is another; `dvc repro {stage}` makes it anew")
    read_final_if_any(folder)  # refuses files of two runs
    return _loaded(content)


def changed_since_final(settings: Settings, parts: Sequence[str], folder: Path | str = paths.SUBMISSIONS) -> list[str]:
    """What of the settings, and of the weights of `parts`, isn't what made final.csv; nothing where there is none."""
    there = (Path(folder) / FINAL_VOTE).is_file()
    return read_final_vote(folder).changed_since(settings, parts) if there else []


def _saved(one: Candidate, stacked: StackedPredictions, settings: Settings) -> dict[str, object]:
    images = stacked.images
    labels = images.task.labels_of(one.oof["test_like"])
    right = labels == images.y_true
    curve = PrecisionCurve.of(one.confidence, right if right.ndim == 1 else right.all(axis=1))
    return {
        "name": one.name,
        "rule": None if one.is_single else one.rule.__module__.rpartition(".")[2],
        "parts": list(one.parts),
        "fitted": one.vote.to_json(),
        "decision": one.decision.to_json() if one.decision else None,
        "best": one.vote.best,
        "external": list(settings.ensemble.external) if one.takes_external else [],
        "precision": {"steps": [list(step) for step in curve.steps], "images": curve.images},
        "reference": AnswerReference.of(one.confidence, labels, len(images.targets)).to_json(),
        "unknown": None if images.task.several else RejectionCurve.of(unknown_scores(one.mean)).to_json(),
    }


def _loaded(content: Mapping) -> FinalVote:
    _load_metric(content["task"]["metric"])
    settings = TaskSettings.model_validate(content["task"])
    targets, names = zip(*((row["target"], row["class_name"]) for row in content["classes"]), strict=True)
    task = Task(settings, ANSWERS[settings.answer](targets, names, content["columns"], settings))
    metric = make_metric(settings)
    decisions = {
        saved["name"]: Decision.from_json(saved["decision"], metric, task.several)
        for saved in content["votes"]
        if saved["decision"]
    }
    singles: dict[str, FittedVote] = {}
    for saved in content["votes"]:
        if saved["rule"] is None:
            singles[saved["name"]] = _single(saved, decisions[saved["name"]])
    stacked = content["stacked"]
    saved_votes = SavedVotes(tuple(stacked["members"]), np.array(stacked["temperatures"]), task, singles, decisions)
    votes = {
        saved["name"]: singles.get(saved["name"]) or RULES[saved["rule"]].load(saved, saved_votes)
        for saved in content["votes"]
    }
    hard = next((vote.hard for vote in singles.values() if SPECIALIST in vote.parts), ())
    return FinalVote(
        content["chosen"],
        votes,
        {saved["name"]: _curve(saved["precision"]) for saved in content["votes"]},
        task,
        {row["part"]: tuple(row["networks"]) for row in content["weights"]},
        np.array(content["orientation_weights"]),
        hard,
        {saved["name"]: saved["external"] for saved in content["votes"]},
        content["params"],
        {row["part"]: row["digests"] for row in content["weights"]},
        content["id_column"],
        content["has_extensions"],
        {saved["name"]: AnswerReference.from_json(saved["reference"]) for saved in content["votes"]},
        {saved["name"]: RejectionCurve.from_json(saved["unknown"]) for saved in content["votes"] if saved["unknown"]},
    )


def _load_metric(name: str) -> None:
    """Load the metric that the vote was fitted by: a file of one's own, which params.yaml may no longer name."""
    if not name.endswith(".py"):
        return
    if not Path(name).is_file():
        raise FileNotFoundError(
            f"{name}: not found; {FINAL_VOTE} was fitted by it: bring this metric back, or run `dvc repro` with "
            "another task.metric"
        )
    load_plugin(name)


def _single(saved: Mapping, decision: Decision) -> FittedVote:
    if len(saved["parts"]) == 1:
        return MemberVote(saved["name"], decision)
    return SpecialistVote.from_json(saved["fitted"], decision)


def _curve(saved: Mapping) -> PrecisionCurve:
    return PrecisionCurve(tuple((value, hits, count) for value, hits, count in saved["steps"]), saved["images"])
