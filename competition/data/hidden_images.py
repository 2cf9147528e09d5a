"""Hidden images, whose name or folder begins with a dot: left out by all commands, with their number."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from competition.common.errors import counted, examples
from competition.common.folders import files_below, is_hidden
from competition.data.image_files import claims_to_be_image
from competition.data.readers import is_image_content


def hidden_images(folder: Path | str, skip: Callable[[Path], bool] = lambda folder: False) -> list[str]:
    """Return the hidden images in and below `folder`, relative with "/", sorted; skip: see `files_below`.

    An image's content or its name tells it; of what lies in hidden folders, which may be repositories, the name alone.
    """
    hidden = files_below(folder, skip).hidden
    return [name for name in hidden if claims_to_be_image(name) or begins_as_image(Path(folder), name)]


def begins_as_image(folder: Path, name: str) -> bool:
    """Return whether a hidden file's content is an image's; False in a hidden folder, which isn't looked into."""
    try:
        return not is_hidden(os.path.dirname(name)) and is_image_content(folder / name)
    except OSError:
        return False


def hidden_note(names: Iterable[str], folder: Path | str) -> str:
    """Return what to say of hidden images of `folder` that are left out."""
    names = list(names)
    what = counted(len(names), "hidden files were left out")
    return f"{folder}: {what}: {examples(names)}; to have them used, take the dot from their names or their folders'"
