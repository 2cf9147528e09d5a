"""What the folds' trained networks say of a folder's images, which go the way that the test images went.

All networks of a vote are loaded once; then images are read in chunks, and each chunk goes through all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from competition.data.predictions import Predictions, concatenate
from competition.ensembling.fitted_votes import FittedVote
from competition.ensembling.specialist_votes import SPECIALIST
from competition.inference.features import Extract, features, grey_features, network_features
from competition.inference.predictor import Predictor
from competition.models.networks import create_network, network_to_load
from competition.models.trained import ADVICE, load_trained, read_trained, trained_file
from competition.serving.new_images import Chunk, Squares, read_squares
from competition.settings.finetuned import FinetunedSettings
from competition.settings.members import FeaturesSettings, GreySettings
from competition.settings.params import Settings
from competition.training.logistic import LogisticMember
from competition.training.mlp import MlpMember


class Voter(Protocol):
    """A member's networks, one for each fold: `predict` returns what each says of `rows` (N,): a list of (N, C)
    float32.

    targets: (C,) its classes; weights: (8,), the share of each dihedral view in the vote.
    """

    targets: tuple[str, ...]

    def predict(self, squares: Squares, rows: np.ndarray, weights: np.ndarray) -> list[np.ndarray]: ...


@dataclass(frozen=True, eq=False)
class FinetunedVoter:
    """A fine-tuned member, or the specialist; see Voter."""

    targets: tuple[str, ...]
    predictors: Sequence[Predictor]

    def predict(self, squares: Squares, rows: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
        return [predictor(squares, rows, weights) for predictor in self.predictors]


@dataclass(frozen=True, eq=False)
class ClassicalVoter:
    """A member of kind features or grey, whose folds share the features; see Voter."""

    targets: tuple[str, ...]
    extract: Extract
    size: int
    members: Sequence[LogisticMember | MlpMember]

    def predict(self, squares: Squares, rows: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
        views = np.flatnonzero(weights)
        values = features(self.extract, squares, rows, self.size, views)
        return [member.predict_proba(values, weights[views]) for member in self.members]


def load_voter(
    name: str, settings: Settings, folds: Sequence[int], targets: tuple[str, ...], again: bool = True
) -> Voter:
    """Return the trained networks of member `name`, or of `specialist`, of the `folds`; targets: (C,) the classes it
    tells apart.

    again: whether close calls are made once more; see Predictor.

    Raises FileNotFoundError for a fold that wasn't trained, ValueError for weights of another network or other classes.
    """
    member = settings.specialize.network if name == SPECIALIST else settings.members[name]
    if isinstance(member, FinetunedSettings):
        network, normalise = network_to_load(member, len(targets))
        return FinetunedVoter(
            targets,
            [
                Predictor.of(load_trained(network, name, fold), normalise, member.size, member.precision, again)
                for fold in folds
            ],
        )
    if isinstance(member, GreySettings):
        extract, size = grey_features(member.size), settings.augment.size
    else:
        extract, size = network_features(*create_network(member, len(targets)), member.precision), member.size
    width = extract(torch.zeros(1, size, size, 3, dtype=torch.uint8)).shape[1]
    return ClassicalVoter(targets, extract, size, [_classical(name, member, fold, targets, width) for fold in folds])


def _classical(
    name: str, member: FeaturesSettings | GreySettings, fold: int, targets: tuple[str, ...], width: int
) -> LogisticMember | MlpMember:
    """Return the fitted classifier of `width` features."""
    kind = MlpMember if getattr(member, "classifier", "logistic") == "mlp" else LogisticMember
    try:
        found = kind.from_tensors(read_trained(name, fold))
    except KeyError as error:
        raise ValueError(f"{trained_file(name, fold)}: no tensor {error}; {ADVICE}") from error
    if found.n_classes != len(targets):
        raise ValueError(f"{trained_file(name, fold)}: {found.n_classes} classes, expected {len(targets)}; {ADVICE}")
    if len(found.mean) != width:
        raise ValueError(f"{trained_file(name, fold)}: {len(found.mean)} features, expected {width}; {ADVICE}")
    return found


@dataclass(frozen=True, eq=False)
class Answered:
    """said: member -> what each fold's network says of the images that could be read; see `FittedVote.predict`.

    unreadable: images that couldn't, name -> why; others: how many files are no images.
    """

    said: dict[str, list[Predictions]]
    unreadable: dict[str, str] = field(default_factory=dict)
    others: int = 0


def ask(
    folder: Path | str,
    names: Sequence[str],
    vote: FittedVote,
    voters: Mapping[str, Voter],
    settings: Settings,
    weights: np.ndarray,
    packed: bool = True,
    tick: Callable[[int], object] = lambda files: None,
) -> Answered:
    """Return what `voters`, those of `vote.parts`, say of the files `names` of `folder`; IDs are the names.

    weights: (8,), the share of each dihedral view in the vote; packed: see `square_of`. `tick` is told how many files
    were done.
    """
    parts, unreadable, others = [], {}, 0
    for chunk in read_squares(folder, names, settings.prepare, settings.augment, packed):
        parts.append(_ask_of_chunk(chunk, vote, voters, weights))
        unreadable, others = unreadable | chunk.unreadable, others + chunk.others
        tick(len(chunk.names) + len(chunk.unreadable) + chunk.others)
    said = {
        name: [concatenate(found) for found in zip(*(part[name] for part in parts), strict=True)] for name in voters
    }
    return Answered(said, unreadable, others)


def _ask_of_chunk(
    chunk: Chunk, vote: FittedVote, voters: Mapping[str, Voter], weights: np.ndarray
) -> dict[str, list[Predictions]]:
    said, ids = {}, np.array(chunk.names, dtype=str)
    for name in vote.parts:
        rows = vote.asked(said) if name == SPECIALIST else np.arange(len(ids))
        found = voters[name].predict(chunk.squares, rows, weights)
        said[name] = [Predictions(ids[rows], probabilities, voters[name].targets) for probabilities in found]
    return said
