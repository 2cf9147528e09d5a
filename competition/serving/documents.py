"""Documents: files of several pages, answered by a vote of their pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from competition.data.predictions import Predictions
from competition.ensembling.fitted_votes import FittedVote, Voted
from competition.ensembling.precision_curve import Threshold
from competition.serving.pages import Page

# how a document is answered: by its pages' mean probabilities, as its surest page, or as its first, the only one read
DocumentVote = Literal["mean", "most_certain", "first"]


@dataclass(frozen=True, eq=False)
class Documents:
    """Answers to files, and below each file of several pages to each of its pages.

    voted: (n,) rows, called by file and by `Page.id`; pages: (n,) page numbers, None in a file's own row; how: the
    pages have voted.
    """

    voted: Voted
    pages: tuple[int | None, ...]
    how: DocumentVote

    @property
    def files(self) -> Voted:
        """The files' own rows."""
        return _rows(self.voted, [row for row, page in enumerate(self.pages) if page is None])

    def is_sure(self, threshold: Threshold) -> np.ndarray:
        """Return (n,) bool: whether the rows' answers are sure; those of mixed files aren't."""
        return threshold.is_sure(self.voted.confidence) & ~self.is_mixed(threshold)

    def is_mixed(self, threshold: Threshold) -> np.ndarray:
        """Return (n,) bool: of a file whose pages vote, whether two are sure of different classes: it may be two
        documents.
        """
        labels, is_page = self.voted.labels, np.array([page is not None for page in self.pages], bool)
        if self.how != "mean" or labels.ndim > 1:
            return np.zeros(len(is_page), bool)
        file = np.cumsum(~is_page) - 1
        sure = is_page & threshold.is_sure(self.voted.confidence)
        of_sure_pages = np.unique(np.stack([file, labels])[:, sure], axis=1)  # each class of a file once
        return ~is_page & (np.bincount(of_sure_pages[0], minlength=len(file))[file] > 1)

    def with_pages(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], pages: Mapping[str, Page]
    ) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Return `header` and `rows` of a table, which begin with an ID, with file and page number in its place."""
        names = [pages[row[0]].file if number else row[0] for row, number in zip(rows, self.pages, strict=True)]
        numbers = ["" if number is None else str(number) for number in self.pages]
        wide = [(name, number, *row[1:]) for name, number, row in zip(names, numbers, rows, strict=True)]
        return (header[0], "page", *header[1:]), wide


def documents_of(voted: Voted, pages: Mapping[str, Page], vote: FittedVote, how: DocumentVote) -> Documents:
    """Return the answers to the files whose pages are `voted`, in their order. pages: ID -> page.

    mean: the pages' mean probabilities, of which the vote's decision rule makes an answer; where votes are counted, or
    answers are probabilities, most pages' answer, or the mean. most_certain: as the page that is surest, the first of
    equals.
    """
    ids, kept, numbers, parts = voted.predictions.ids.tolist(), [], [], [voted]
    for file, rows in groupby(range(len(ids)), key=lambda row: pages[ids[row]].file):
        rows = list(rows)
        if not pages[ids[rows[0]]].several:
            kept += rows
            numbers.append(None)
            continue
        kept.append(len(ids) + len(parts) - 1)
        kept += rows
        numbers += [None, *(pages[ids[row]].number for row in rows)]
        parts.append(_document(file, _rows(voted, rows), vote, how))
    return Documents(_rows(_stacked(parts), kept), tuple(numbers), how)


def _document(file: str, voted: Voted, vote: FittedVote, how: DocumentVote) -> Voted:
    """Return one row, the answer to the file whose pages are `voted`."""
    found = voted.predictions
    if how == "most_certain":
        row = int(voted.confidence.argmax())
        probabilities, answers = found.probabilities[row : row + 1], voted.answers[row : row + 1]
    else:
        probabilities = found.probabilities.mean(axis=0, dtype=np.float64, keepdims=True)
        answers = _mean_answers(voted, vote, probabilities.astype(np.float32))
    return Voted(Predictions([file], probabilities, found.targets, found.exclusive), answers)


def _mean_answers(voted: Voted, vote: FittedVote, probabilities: np.ndarray) -> np.ndarray:
    """Return (1, ...) answers of mean probabilities (1, C)."""
    if voted.answers.dtype.kind == "f":
        return voted.answers.mean(axis=0, keepdims=True)
    if vote.decision is not None:
        return vote.decision.answers(probabilities)
    if voted.answers.ndim > 1:  # sets of labels: those that at least half of the pages have
        return (voted.answers.mean(axis=0, keepdims=True) >= 0.5).astype(voted.answers.dtype)
    counts = np.bincount(voted.answers, minlength=probabilities.shape[1])
    most = counts == counts.max()
    return np.where(most, probabilities, -1).argmax(axis=1).astype(voted.answers.dtype)  # of equals the likelier


def _rows(voted: Voted, rows: Sequence[int]) -> Voted:
    found, rows = voted.predictions, np.asarray(rows, dtype=np.int64)
    chosen = Predictions(found.ids[rows], found.probabilities[rows], found.targets, found.exclusive)
    return Voted(chosen, voted.answers[rows])


def _stacked(parts: Sequence[Voted]) -> Voted:
    found = [part.predictions for part in parts]
    ids = np.concatenate([one.ids for one in found])
    probabilities = np.concatenate([one.probabilities for one in found])
    every = Predictions(ids, probabilities, found[0].targets, found[0].exclusive)
    return Voted(every, np.concatenate([part.answers for part in parts]))
