"""Labeller: the trained vote, loaded once, that answers one uploaded image after another, with a heat map."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from competition.augmentation.offline import Straightener
from competition.compute.device import device
from competition.data.letterbox import resize
from competition.ensembling.final_vote import FinalVote
from competition.ensembling.fitted_votes import FittedVote
from competition.ensembling.precision_curve import Threshold
from competition.ensembling.specialist_votes import SPECIALIST
from competition.inference.loader import stack
from competition.members.named import member_named
from competition.report.explain.heatmaps import NoFeatureMap, heat_maps
from competition.report.inline_images import data_uri, with_heat
from competition.report.tables import class_label, labels_name
from competition.serving.label_table import HEADER, label_rows
from competition.serving.new_images import MemoryImages, read_images
from competition.serving.predict import LoadedMember, load_voters, predict_chunk
from competition.settings.params import Settings
from competition.upright.straighten import open_straightener
from competition.web.limits import Refused


@dataclass(frozen=True, eq=False)
class HeatMapper:
    """The network whose heat maps are shown. note: what they show, or why there are none; size: its input's pixels."""

    note: str
    size: int = 0
    network: object = None
    normalise: object = None

    def map(self, images: MemoryImages, target: int) -> tuple[np.ndarray | None, str]:
        """Return the heat (S, S), 0..1, of what speaks for class `target` in the first image, or None; and a note."""
        if self.network is None:
            return None, self.note
        pixels = stack(images, np.zeros(1, np.int64), self.size)
        try:
            return heat_maps(self.network, self.normalise, pixels, [target])[0], self.note
        except NoFeatureMap as reason:
            return None, f"No heat map: the network {reason}."


@dataclass(frozen=True, eq=False)
class Labeller:
    """Vote with its loaded networks. weights: see LoadedMember.predict; fast: one look at each image."""

    final: FinalVote
    vote: FittedVote
    voters: dict[str, LoadedMember]
    settings: Settings
    threshold: Threshold
    weights: np.ndarray | None
    straighten: Straightener | None
    heat: HeatMapper
    fast: bool

    def answer(self, data: bytes, extension: str, folder: Path) -> dict[str, object]:
        """Return what the page shows of the image file `data`; a temporary copy lies in `folder` meanwhile.

        Raises Refused for an image that can't be read. Not for two threads at once.
        """
        with TemporaryDirectory(prefix=".upload-", dir=folder) as place:
            name = f"image{extension}"
            (Path(place) / name).write_bytes(data)
            settings = self.settings
            chunk = next(
                read_images(place, [name], settings.prepare, settings.augment, not self.fast, self.straighten, 1)
            )
        if not chunk.names:
            raise Refused(422, f"the image can't be read: {next(iter(chunk.unreadable.values()), 'not an image')}")
        voted = self.vote.predict(predict_chunk(chunk, self.vote, self.voters, self.weights))
        names = self.final.target2class
        row = dict(zip(HEADER, label_rows(voted, names, self.threshold)[0], strict=True))
        label = voted.labels[0]
        shown = int(voted.predictions.probabilities[0].argmax()) if label.ndim else int(label)
        heat, note = self.heat.map(chunk.images, shown)
        image = chunk.images.image(0)
        image = image if heat is None else resize(image, *heat.shape)
        return {
            "target": row["target"],
            "label": labels_name(row["target"], names, self.final.task.several),
            "probability": [float(text) for text in row["probability"].split("|") if text],
            "runner_up": row["runner_up"],
            "runner_up_label": class_label(row["runner_up"], names) if row["runner_up"] else "",
            "runner_up_probability": float(row["runner_up_probability"]) if row["runner_up_probability"] else None,
            "unsure": row["unsure"] == "yes",
            "image": data_uri(image, 85),
            "heat_map": None if heat is None else data_uri(with_heat(image, heat), 85),
            "heat_map_note": note.replace("{}", class_label(self.final.targets[shown], names)),
        }


def load_labeller(final: FinalVote, vote: FittedVote, settings: Settings, precision: float, fast: bool) -> Labeller:
    """Return `vote` with its networks loaded. precision: see PrecisionCurve.threshold; fast: as `predict --fast`."""
    most = 1 if fast else None
    return Labeller(
        final,
        vote,
        load_voters(vote, final, settings, most),
        settings,
        final.curves[vote.name].threshold(precision),
        None if fast else final.orientation_weights,
        open_straightener(settings.upright, most=most),
        _heat_mapper(final, vote, settings),
        fast,
    )


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
