"""Labeller: the trained vote, loaded once, that answers one uploaded file after another, with a heat map."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from competition.compute.device import device
from competition.data.image_reader import UnreadableImage
from competition.data.images import encode_png
from competition.data.letterbox import resize
from competition.ensembling.final_vote import FinalVote
from competition.ensembling.fitted_votes import FittedVote
from competition.ensembling.out_of_distribution import Rejection, rejection_of
from competition.ensembling.precision_curve import Threshold
from competition.ensembling.specialist_votes import SPECIALIST
from competition.inference.loader import stack
from competition.members.named import member_named
from competition.report.explain.heatmaps import NoFeatureMap, heat_maps
from competition.report.inline_images import data_uri, with_heat
from competition.report.tables import class_label, labels_name
from competition.serving.documents import DocumentVote, documents_of
from competition.serving.label_table import HEADER, label_rows, with_unknown
from competition.serving.new_images import Chunk, MemoryImages
from competition.serving.pages import PDF, Page, PageList, list_pages
from competition.serving.pdf_pages import PdfPages
from competition.serving.predict import LoadedVote, load_vote, predict_chunk
from competition.settings.params import Settings
from competition.settings.prepare import PrepareSettings
from competition.web.limits import Limits, Refused
from competition.web.upload_folders import upload_folder
from competition.web.uploads import too_many_pages

PAGE_SECONDS = 20  # that a PDF's page may take to read


@dataclass(frozen=True, eq=False)
class HeatMapper:
    """The network whose heat maps are shown. note: what they show, or why there are none; size: its input's pixels."""

    note: str
    size: int = 0
    network: object = None
    normalise: object = None

    def map(self, images: MemoryImages, row: int, target: int) -> tuple[np.ndarray | None, str]:
        """Return the heat (S, S), 0..1, of what speaks for class `target` in image `row`, or None; and a note."""
        if self.network is None:
            return None, self.note
        pixels = stack(images, np.array([row]), self.size)
        try:
            return heat_maps(self.network, self.normalise, pixels, [target])[0], self.note
        except NoFeatureMap as reason:
            return None, f"No heat map: the network {reason}."


@dataclass(frozen=True, eq=False)
class Labeller:
    """Vote with its loaded networks. document: how files of several pages are answered; rejection: from which unknown
    score an image is of none of the classes, None where that isn't told.
    """

    final: FinalVote
    asked: LoadedVote
    threshold: Threshold
    heat: HeatMapper
    document: DocumentVote = "mean"
    rejection: Rejection | None = None

    @property
    def vote(self) -> FittedVote:
        """Whose answers they are."""
        return self.asked.vote

    def answer(self, data: bytes, extension: str, folder: Path, limits: Limits) -> dict[str, object]:
        """Return what the page shows of the file `data`; a temporary copy lies in `folder` meanwhile.

        Raises Refused for a file that can't be read. Not for two threads at once.
        """
        listed, chunk = self._read(data, extension, folder, limits)
        found = self.vote.predict(predict_chunk(chunk, self.vote, self.asked.voters, self.asked.weights))
        documents = documents_of(found, listed.by_id, self.vote, self.document)
        header, cells = HEADER, label_rows(documents.voted, self.final.target2class, documents.is_sure(self.threshold))
        if self.rejection:
            header, cells = with_unknown(cells, documents.voted, self.rejection)
        rows = [self._described(dict(zip(header, row, strict=True))) for row in cells]
        label, probabilities = documents.voted.labels[0], documents.voted.predictions.probabilities[0]
        shown = int(probabilities.argmax()) if label.ndim else int(label)
        row = int(found.predictions.probabilities[:, shown].argmax())
        pages = [{"page": number} | about for number, about in zip(documents.pages, rows, strict=True) if number]
        number = listed.by_id[chunk.names[row]].number
        return (
            rows[0]
            | {"page": number, "pages": pages}
            | self._images(chunk, row, shown)
            | {"note": _note(chunk, listed, documents.is_mixed(self.threshold)[0])}
        )

    def page_png(self, data: bytes, extension: str, page: int, folder: Path) -> bytes:
        """Return page `page` of the file `data` as a PNG file, as large as it was read. Raises Refused."""
        with _copied(data, extension, folder) as (place, name), PdfPages(PAGE_SECONDS) as pdfs:
            try:
                return encode_png(Page(name, page, is_pdf=extension == PDF).whole(place, self._prepare, pdfs))
            except UnreadableImage as problem:
                raise Refused(422, f"page {page} can't be read: {problem}") from None

    @property
    def _prepare(self) -> PrepareSettings:
        return self.asked.settings.prepare

    def _read(self, data: bytes, extension: str, folder: Path, limits: Limits) -> tuple[PageList, Chunk]:
        with _copied(data, extension, folder) as (place, name), PdfPages(PAGE_SECONDS) as pdfs:
            only = self._prepare.page if self.document == "first" else None
            listed = list_pages(place, [name], pdfs, limits.pages, only)
            if listed.cut:
                raise too_many_pages(limits)
            chunks = list(self.asked.read(place, listed.pages, pdfs, 1))
        if not chunks[0].names:
            problems = listed.unreadable | chunks[0].unreadable
            what, why = "PDF" if extension == PDF else "image", next(iter(problems.values()), "not an image")
            raise Refused(422, f"the {what} can't be read: {why}")
        return listed, chunks[0]

    def _described(self, row: Mapping[str, str]) -> dict[str, object]:
        """Return the facts in a row of the label table."""
        names = self.final.target2class
        return {
            "target": row["target"],
            "label": labels_name(row["target"], names, self.final.task.several),
            "probability": [float(text) for text in row["probability"].split("|") if text],
            "runner_up": row["runner_up"],
            "runner_up_label": class_label(row["runner_up"], names) if row["runner_up"] else "",
            "runner_up_probability": float(row["runner_up_probability"]) if row["runner_up_probability"] else None,
            "unsure": row["unsure"] == "yes",
            "unknown": row["unknown"] == "yes" if "unknown" in row else None,
        }

    def _images(self, chunk: Chunk, row: int, target: int) -> dict[str, object]:
        """Return the image `row` of `chunk`, and its heat map for class `target`."""
        heat, note = self.heat.map(chunk.images, row, target)
        image = chunk.images.image(row)
        image = image if heat is None else resize(image, *heat.shape)
        return {
            "image": data_uri(image, 85),
            "heat_map": None if heat is None else data_uri(with_heat(image, heat), 85),
            "heat_map_note": note.replace("{}", class_label(self.final.targets[target], self.final.target2class)),
        }


@contextmanager
def _copied(data: bytes, extension: str, folder: Path) -> Iterator[tuple[Path, str]]:
    """Write `data` into a folder in `folder`, for a while; yield that folder, and the file's name."""
    with upload_folder(folder) as place:
        name = f"image{extension}"
        (place / name).write_bytes(data)
        yield place, name


def _note(chunk: Chunk, listed: PageList, is_mixed: bool) -> str:
    """Return what to say of pages that can't be read, or in part only, and of a file that may be two."""
    problems = (chunk.unreadable | chunk.damaged).items()
    where = {id_: f"Page {page.number}: " if page.several else "" for id_, page in listed.by_id.items()}
    mixed = ["Two of its pages are sure of different classes: it may be two documents."] if is_mixed else []
    return " ".join([*mixed, *(f"{where[id_]}{problem}." for id_, problem in problems)])


def load_labeller(
    final: FinalVote,
    vote: FittedVote,
    settings: Settings,
    precision: float,
    fast: bool,
    document: DocumentVote = "mean",
    known: float | None = None,
) -> Labeller:
    """Return `vote` with its networks loaded.

    precision: see PrecisionCurve.threshold; fast: as `predict --fast`; known: share of images of the classes that isn't
    called unknown, None: none is. Raises ValueError for `known` of a task that it can't be told of.
    """
    rejection = rejection_of(final.rejections.get(vote.name), known)
    asked, threshold = load_vote(vote, final, settings, fast), final.curves[vote.name].threshold(precision)
    return Labeller(final, asked, threshold, _heat_mapper(final, vote, settings), document, rejection)


def _heat_mapper(final: FinalVote, vote: FittedVote, settings: Settings) -> HeatMapper:
    """Return the first network of the vote's best member that has heat maps."""
    reason = "nobody votes"
    for name in dict.fromkeys(part for part in (vote.best, *vote.parts) if part in vote.parts and part != SPECIALIST):
        member = member_named(name, settings)
        if reason := member.why_no_heat_maps():
            continue
        fold = final.networks[name][0]
        network, normalise = member.trained_network(fold, len(final.targets))
        note = f"Pink lies on what speaks for {{}} (Grad-CAM, {name}, fold {fold})."
        return HeatMapper(note, settings.described(name).size, network.to(device()), normalise)
    return HeatMapper(f"No heat map: {reason}.")
