"""Images that a file names for IDs: annotations, or a table with a column of paths beside the IDs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from competition.data.adopt.image_folders import FolderChoice, choose_folder
from competition.data.adopt.image_index import ImageIndex


@dataclass(frozen=True)
class NamedImages:
    """What a file calls the images of IDs. where: its path; names: ID -> name or path of the image, as written."""

    where: str
    names: Mapping[str, str]

    def there(self, index: ImageIndex) -> list[str]:
        """Return the IDs whose image lies anywhere in the download."""
        return [id for id, name in self.names.items() if index.candidates(name)]

    def files(
        self, ids: list[str], index: ImageIndex, part: str, told: str | None, taken: str | None = None
    ) -> tuple[dict[str, list[str]], FolderChoice]:
        """Return ID -> its files, for IDs that have a name, and the folder that was chosen; see `choose_folder`.

        Where nobody told a folder, what lies at its name below this file is meant before others.
        """
        names = {id: self.names[id] for id in ids if id in self.names}
        beside = {id: (PurePosixPath(self.where).parent / name).as_posix() for id, name in names.items()}
        own = {id: [file] for id, file in beside.items() if told is None and file in index.candidates(names[id])}
        choice = choose_folder(index, [name for id, name in names.items() if id not in own], part, told, taken)
        return {id: own.get(id) or index.files_of(name, choice.folder) for id, name in names.items()}, choice
