"""Service behind the page: uploads checked, answered one at a time, corrections kept; knows nothing of HTTP."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore, Event, Lock

from competition.data.label_sets import join_labels
from competition.labels.corrections import add_correction, image_id
from competition.report.tables import class_label
from competition.serving.pages import PDF
from competition.web.labeller import Labeller
from competition.web.limits import Limits, Refused
from competition.web.uploads import READ, image_extension


@dataclass(frozen=True, eq=False)
class Service:
    """Labels and keeps images. folder: where corrections go, the only place that is written to."""

    labeller: Labeller
    folder: Path
    limits: Limits = field(default_factory=Limits)
    turn: Lock = field(default_factory=Lock)
    ending: Event = field(default_factory=Event)

    def facts(self) -> dict[str, object]:
        """Return the classes, whether an image may have several, and the limits, as the page needs them."""
        final = self.labeller.final
        classes = [{"target": target, "label": class_label(target, final.target2class)} for target in final.targets]
        return {
            "classes": classes,
            "several": final.task.several,
            "vote": self.labeller.vote.name,
            "formats": READ,
            "max_bytes": self.limits.file_bytes,
            "max_pages": self.limits.pages,
            "corrections": str(self.folder),
        }

    def predict(self, data: bytes) -> dict[str, object]:
        """Return the answer to an image file or a PDF. Raises Refused."""
        extension = image_extension(data, self.limits)
        with self._turn():
            answer = self.labeller.answer(data, extension, self.folder, self.limits)
        return {"id": image_id(data, extension), **answer}

    def correct(self, data: bytes, targets: Sequence[str], page: int | None = None) -> dict[str, object]:
        """Return what was kept: the image file under its ID, with `targets`, its labels; and which others of an earlier
        correction these replace. Raises Refused.

        page: the one that is kept, as PNG, of a file with several; of a PDF the first without it.
        """
        extension = image_extension(data, self.limits)
        target = self._target(targets)
        with self._turn():
            if page is not None or extension == PDF:
                data, extension = self.labeller.page_png(data, extension, page or 1, self.folder), ".png"
            try:
                kept, earlier = add_correction(self.folder, data, extension, target, self.limits.corrections)
            except ValueError as problem:
                raise Refused(409, str(problem)) from None
        replaced = None if earlier == target else earlier
        return {"id": image_id(data, extension), "target": target, "replaced": replaced, "corrections": len(kept)}

    def close(self, seconds: float) -> None:
        """Answer nothing more; return when what is being answered is done, after `seconds` at the latest."""
        self.ending.set()
        self.turn.acquire(timeout=seconds)

    def _target(self, targets: Sequence[str]) -> str:
        task = self.labeller.final.task
        if unknown := [target for target in targets if target not in task.targets]:
            raise Refused(422, f"{unknown[0][:80]!r}: no class of that name; GET /api/classes lists them")
        if task.several:
            return task.decode(task.encode([join_labels(targets)]))[0]
        if len(targets) != 1:
            raise Refused(422, "expected one target, ?target=..., the right class")
        return targets[0]

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.turn.acquire(timeout=self.limits.wait_seconds):
            raise busy()
        try:
            if self.ending.is_set():
                raise Refused(503, "the service is being stopped")
            yield
        finally:
            self.turn.release()


def busy() -> Refused:
    """Return the refusal of what would have to wait too long."""
    return Refused(503, "other images are being labelled; try again in a moment")


@contextmanager
def slot(slots: BoundedSemaphore, seconds: float) -> Iterator[None]:
    """Hold one of `slots`, waited for `seconds`. Raises Refused."""
    if not slots.acquire(timeout=seconds):
        raise busy()
    try:
        yield
    finally:
        slots.release()
