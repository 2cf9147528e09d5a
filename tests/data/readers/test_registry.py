"""Which reader a file is given to: its content decides, and a reader of one's own is asked first."""

import numpy as np
import pytest
from PIL import Image

from competition.common.registry import load_plugin
from competition.data.image_files import is_image_name
from competition.data.images import UnreadableImage, read_image
from competition.data.readers import IMAGE_READERS, extensions, reader_of


def test_names_of_all_kinds_are_image_names():
    assert extensions()[:3] == (".jpg", ".jpeg", ".png") and {".dcm", ".npy"} <= set(extensions())
    assert all(is_image_name(f"1.2{extension.upper()}") for extension in extensions())
    assert not is_image_name("x.npz") and not is_image_name("jpg")
    assert IMAGE_READERS.names() == ("dicom", "numpy", "pillow")


def test_the_content_decides(tmp_path):
    image = np.full((4, 5, 3), 77, np.uint8)
    np.save(tmp_path / "x.npy", image)
    (tmp_path / "x.npy").rename(tmp_path / "a.jpg")
    Image.fromarray(image).save(tmp_path / "x.png")
    (tmp_path / "x.png").rename(tmp_path / "b.dcm")
    assert (read_image(tmp_path / "a.jpg") == 77).all() and (read_image(tmp_path / "b.dcm") == 77).all()


@pytest.mark.parametrize("content, reason", [(b"", "empty file"), (b"\x93NUM", "not an image"), (b"BM", r"\w")])
def test_what_no_reader_recognises(tmp_path, content, reason):
    (tmp_path / "x.npy").write_bytes(content)
    assert type(reader_of(tmp_path / "x.npy")).__name__ == "Pillow"
    with pytest.raises(UnreadableImage, match=reason):
        read_image(tmp_path / "x.npy")


OWN = """
import numpy as np
from competition.data.image_reader import ImageReader
from competition.data.readers import IMAGE_READERS

@IMAGE_READERS.register
class OneColour(ImageReader):
    extensions = (".colour",)
    def recognises(self, start):
        return start.startswith(b"COLOUR")
    def read(self, path, longest_side):
        return np.full((2, 3, 3), path.read_bytes()[6], np.uint8), (2, 3)
"""


def test_a_reader_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setattr(IMAGE_READERS, "_things", dict(IMAGE_READERS._things))
    (tmp_path / "one_colour.py").write_text(OWN)
    load_plugin(tmp_path / "one_colour.py")
    (tmp_path / "x.colour").write_bytes(b"COLOUR\x05")
    assert is_image_name("x.colour") and (read_image(tmp_path / "x.colour") == 5).all()
