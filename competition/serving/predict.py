"""Predictions of a folder's images by the folds' trained members; images go the way that the test images went.

All members of a vote are loaded once; then images are read in chunks, and each chunk goes through all of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np

from competition.augmentation.offline import Straightener
from competition.common import paths
from competition.data.orientations import ORIENTATIONS
from competition.data.predictions import Predictions, concatenate
from competition.ensembling.final_vote import FinalVote, read_final_vote
from competition.ensembling.fitted_votes import FittedVote
from competition.ensembling.specialist_votes import SPECIALIST
from competition.members.member import Fitted
from competition.members.named import member_named
from competition.serving.new_images import Chunk, MemoryImages, read_images
from competition.serving.pages import Page
from competition.serving.pdf_pages import PdfPages
from competition.serving.time_budget import Plan, TimeBudget, heaviest
from competition.settings.params import Settings
from competition.upright.straighten import open_straightener


@dataclass(frozen=True, eq=False)
class LoadedMember:
    """A member's trained networks. targets: (C,) its classes.

    several: whether an image may have several labels, so that each probability is by itself.
    """

    targets: tuple[str, ...]
    networks: Sequence[Fitted]
    several: bool = False

    def predict(
        self,
        ids: np.ndarray,
        images: MemoryImages,
        rows: np.ndarray,
        weights: np.ndarray | None,
        most: int | None = None,
    ) -> list[Predictions]:
        """Return each network's predictions of `images` at `rows` (R,), called by `ids` (N,) of all images.

        weights: (8,), the share of each flip and turn in the vote; None: one look at each image. most: networks that
        are asked; what they say on average stands in the others' places.
        """
        found = [fitted.predict_proba(images, rows, weights) for fitted in self.networks[:most]]
        found += [np.mean(found, axis=0, dtype=np.float64)] * (len(self.networks) - len(found))
        return [Predictions(ids[rows], one, self.targets, exclusive=not self.several) for one in found]


def load_member(
    name: str, settings: Settings, networks: Sequence[int | str], targets: tuple[str, ...], several: bool = False
) -> LoadedMember:
    """Return the trained `networks` of member `name`, or of `specialist`; targets: (C,) their classes.

    several: an image may have several labels. Raises FileNotFoundError for one that wasn't trained, ValueError for
    weights of another network or other classes.
    """
    member = member_named(name, settings)
    fitted = [member.load(network, targets, several=several) for network in networks]
    return LoadedMember(targets, fitted, several)


def read_votes(settings: Settings, member: str | None, student: bool) -> FinalVote:
    """Return the final vote, or the student's. Raises ValueError where a `member` is to answer too."""
    if student and member:
        raise ValueError(f"--student, --member {member}: one of them answers; leave the other out")
    return read_student_vote(settings) if student else read_final_vote()


def read_student_vote(settings: Settings) -> FinalVote:
    """Return the student's vote, which `distil` fitted. Raises ValueError where params.yaml has no student."""
    if not settings.distil.student:
        raise ValueError("student: distil.student is [] in params.yaml; name a member there and run `dvc repro`")
    return read_final_vote(paths.SUBMISSIONS, paths.STUDENT_VOTE.name, "distil")


def chosen_vote(
    final: FinalVote, member: str | None, fast: bool, settings: Settings, log: Callable[..., None]
) -> FittedVote:
    """Return the vote that answers new images: final.csv's, or `member`'s; fast: its best voter's.

    log: told what it was not made for. Raises ValueError for a name that final_vote.json doesn't have.
    """
    vote = final.vote(member)
    if fast and vote.best and vote.best != vote.name:
        log("fast", instead_of=vote.name, vote=vote.best)
        vote = final.vote(vote.best)
    for part in vote.parts:
        if note := member_named(part, settings).note_on_new_images():
            log("warning: new images", note=note)
    return vote


def load_voters(
    vote: FittedVote, final: FinalVote, settings: Settings, most: int | None = None
) -> dict[str, LoadedMember]:
    """Return the trained networks of all parts of `vote`; most: of each, at most."""
    several = final.task.several
    return {
        name: load_member(name, settings, final.networks[name][:most], final.targets_of(name), several=several)
        for name in vote.parts
    }


@dataclass(frozen=True, eq=False)
class LoadedVote:
    """Vote with its networks, and how they look at an image. weights: see LoadedMember.predict.

    fast: one network of each part is asked, about one look at each image, which isn't packed.
    """

    vote: FittedVote
    voters: dict[str, LoadedMember]
    settings: Settings
    weights: np.ndarray | None
    straighten: Straightener | None
    fast: bool

    @property
    def networks(self) -> int:
        """How many networks are asked."""
        return sum(len(voter.networks) for voter in self.voters.values())

    @property
    def orientations(self) -> int:
        """How many orientations of an image are asked about, at most."""
        return 1 if self.fast else ORIENTATIONS if self.straighten else np.count_nonzero(self.weights)

    def read(
        self, folder: Path | str, pages: Sequence[Page | str], pdfs: PdfPages | None = None, threads: int | None = None
    ) -> Iterator[Chunk]:
        """Yield `pages` of files of `folder` as the networks take them, see `read_images`."""
        prepare, augment = self.settings.prepare, self.settings.augment
        return read_images(folder, pages, prepare, augment, not self.fast, self.straighten, threads, pdfs)


def load_vote(vote: FittedVote, final: FinalVote, settings: Settings, fast: bool) -> LoadedVote:
    """Return `vote`, one of `final`, with its trained networks."""
    most = 1 if fast else None
    weights = None if fast else final.orientation_weights
    straighten = open_straightener(settings.upright, most=most)
    return LoadedVote(vote, load_voters(vote, final, settings, most), settings, weights, straighten, fast)


@dataclass(frozen=True, eq=False)
class FolderPredictions:
    """Predictions of a folder's pages.

    predictions: member -> each fold's, of the pages that could be read; see `FittedVote.predict`. unreadable: pages
    that couldn't, ID -> why; others: how many files are no images; damaged: ID -> what is missing of a page.
    """

    predictions: dict[str, list[Predictions]]
    unreadable: dict[str, str] = field(default_factory=dict)
    others: int = 0
    damaged: dict[str, str] = field(default_factory=dict)


def predict_folder(
    folder: Path | str,
    pages: Sequence[Page | str],
    asked: LoadedVote,
    tick: Callable[[int], object] = lambda pages: None,
    budget: TimeBudget | None = None,
    pdfs: PdfPages | None = None,
    look: Callable[[Chunk], object] = lambda chunk: None,
) -> FolderPredictions:
    """Return what the networks of `asked` say of `pages` of files of `folder`; IDs are the pages'.

    tick: told how many pages are done. budget: says what is asked of each chunk; None: all. pdfs: see `read_images`.
    look: called with each chunk.
    """
    parts, unreadable, others, damaged = [], {}, 0, {}
    for chunk in asked.read(folder, pages, pdfs):
        look(chunk)
        began = perf_counter()
        parts.append(predict_chunk(chunk, asked.vote, asked.voters, asked.weights, budget.plan if budget else None))
        unreadable, others = unreadable | chunk.unreadable, others + chunk.others
        damaged |= chunk.damaged
        done = len(chunk.names) + len(chunk.unreadable) + chunk.others
        if budget:
            budget.spent(done, perf_counter() - began)
        tick(done)
    predictions = {
        name: [concatenate(found) for found in zip(*(part[name] for part in parts), strict=True)]
        for name in asked.voters
    }
    return FolderPredictions(predictions, unreadable, others, damaged)


def predict_chunk(
    chunk: Chunk,
    vote: FittedVote,
    members: Mapping[str, LoadedMember],
    weights: np.ndarray | None,
    plan: Plan | None = None,
) -> dict[str, list[Predictions]]:
    """Return the predictions of `members`, those of `vote.parts`, of a chunk's images.

    weights: see LoadedMember; plan: how many orientations and networks are asked; None: all.
    """
    predictions, ids, images = {}, np.array(chunk.names, dtype=str), chunk.images
    if plan and weights is not None:
        upright = None if images.upright is None else heaviest(images.upright, plan.orientations)
        images, weights = MemoryImages(images.pixels, upright), heaviest(weights, plan.orientations)
    for name in vote.parts:
        rows = vote.asked(predictions) if name == SPECIALIST else np.arange(len(ids))
        predictions[name] = members[name].predict(ids, images, rows, weights, plan.networks if plan else None)
    return predictions
