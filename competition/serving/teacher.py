"""Teacher: what the networks of a vote say of packed images, asked once and kept in shards.

Each network's own probabilities are kept, not a vote of them: the student of a fold learns what the fold's networks
alone say, the one of all images what all of them say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from competition.common import paths
from competition.common.files import digest
from competition.common.imports import code_digest
from competition.common.progress import progress
from competition.data.image_store import ImageStore
from competition.data.predictions import Predictions, load_predictions, save_predictions
from competition.ensembling.final_vote import FinalVote
from competition.ensembling.fitted_votes import FittedVote
from competition.ensembling.lineage import digests_of_weights
from competition.members.named import member_named
from competition.members.resume_key import versions_of
from competition.serving.predict import LoadedMember, load_member
from competition.serving.time_budget import heaviest
from competition.settings.params import Settings

SHARD = 1024  # images asked about between two files


@dataclass(frozen=True, eq=False)
class Teacher:
    """What networks say of the images `rows` (R,), ascending, of a store.

    probabilities: part (a member, `specialist`) -> (K, R, C of the part) float32, of its networks `networks` (K,);
    targets: part -> its classes. several: an image may have several labels.
    """

    rows: np.ndarray
    probabilities: Mapping[str, np.ndarray]
    networks: Mapping[str, Sequence[int | str]]
    targets: Mapping[str, tuple[str, ...]]
    several: bool = False

    def vote(self, vote: FittedVote, rows: np.ndarray, fold: int | None = None) -> np.ndarray:
        """Return the probabilities (n, C) float32 of `vote` for the store's `rows` (n,), each of them once.

        fold: whose networks alone are asked, one of each part; None: all networks.
        """
        places, ids = np.searchsorted(self.rows, rows), rows.astype(str)
        assert (self.rows[places] == rows).all()
        asked = {}
        for part in vote.parts:
            said = self.probabilities[part]
            chosen = range(len(said)) if fold is None else [list(self.networks[part]).index(fold)]
            asked[part] = [Predictions(ids, said[k][places], self.targets[part], not self.several) for k in chosen]
        return vote.predict(asked).predictions.select(ids.tolist()).probabilities


def ask_teacher(
    parts: Sequence[str],
    final: FinalVote,
    store: ImageStore,
    files: Sequence[Path],
    rows: np.ndarray,
    settings: Settings,
) -> Teacher:
    """Return what the trained networks of `parts` say of the images `rows` (R,), ascending, of `store`.

    files: of the store. Asked in `distil.orientations` of the vote's orientations; images that were turned upright in
    their own. The specialist is asked about every image. A stopped call goes on behind its last whole shard.
    """
    several = final.task.several
    weights = heaviest(final.orientation_weights, settings.distil.orientations)
    voters = {
        part: load_member(part, settings, final.networks[part], final.targets_of(part), several) for part in parts
    }
    members = [member_named(part, settings) for part in parts]
    state = paths.STATE / "distil-teacher-{}".format(
        digest(
            {part: (final.networks[part], final.targets_of(part)) for part in parts},
            [member.settings.model_dump() for member in members],
            digests_of_weights(parts, settings),
            versions_of({package for member in members for package in member.packages()}),
            code_digest(__name__),
            weights.tolist(),
            rows.tolist(),
            *files,
        )
    )
    return Teacher(
        rows,
        _in_shards(voters, store, rows, weights, state),
        {part: final.networks[part] for part in parts},
        {part: final.targets_of(part) for part in parts},
        several,
    )


def _in_shards(
    voters: Mapping[str, LoadedMember], store: ImageStore, rows: np.ndarray, weights: np.ndarray, state: Path
) -> dict[str, np.ndarray]:
    """Return part -> (K, R, C): what each network says, read from the files of `state`, or put there."""
    ids, shards = np.arange(len(store)).astype(str), []
    with progress(len(rows), "ask the vote") as bar:
        for start in range(0, len(rows), SHARD):
            file, here = state / f"{start:08d}.npz", rows[start : start + SHARD]
            if not file.is_file():
                said = {part: voter.predict(ids, store, here, weights) for part, voter in voters.items()}
                save_predictions(
                    file, {f"{part}-{k}": one for part, found in said.items() for k, one in enumerate(found)}
                )
            shards.append(load_predictions(file))
            bar.update(len(here))
    return {
        part: np.stack(
            [
                np.concatenate([shard[f"{part}-{k}"].probabilities for shard in shards])
                for k in range(len(voter.networks))
            ]
        )
        for part, voter in voters.items()
    }
