"""DICOM files as they are meant to be shown: rescaled, windowed, the right way round, the first frame."""

import sys

import numpy as np
import pytest
from PIL import Image

from competition.data.images import UnreadableImage, read_decoded, read_image
from competition.data.readers import reader_of

VALUES = np.array([[0, 1000, 2000], [3000, 4000, 4095]], np.uint16)


def write(path, values, monochrome="MONOCHROME2", frames=1, **tags):
    """Write `values`, (H, W), (H, W, 3) or (frames, H, W), as a DICOM file of unsigned or signed 8 or 16 bits."""
    pydicom = pytest.importorskip("pydicom")
    file = pydicom.Dataset()
    file.file_meta = pydicom.dataset.FileMetaDataset()
    file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    file.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    file.SOPClassUID, file.SOPInstanceUID = file.file_meta.MediaStorageSOPClassUID, "1.2.3"
    file.PhotometricInterpretation = monochrome
    file.SamplesPerPixel = 3 if monochrome == "RGB" else 1
    if monochrome == "RGB":
        file.PlanarConfiguration = 0
    if frames > 1:
        file.NumberOfFrames = frames
    file.Rows, file.Columns = values.shape[-3:-1] if monochrome == "RGB" else values.shape[-2:]
    file.BitsAllocated = file.BitsStored = values.dtype.itemsize * 8
    file.HighBit, file.PixelRepresentation = file.BitsStored - 1, int(values.dtype.kind == "i")
    file.PixelData = values.tobytes() + b"\0" * (values.nbytes % 2)
    for name, value in tags.items():
        setattr(file, name, value)
    file.save_as(path, enforce_file_format=True)
    return path


def grey(path):
    image = read_image(path)
    assert image.dtype == np.uint8 and image.shape[2] == 3 and (image == image[..., :1]).all()
    return image[..., 0].tolist()


def test_eight_bits_as_they_are(tmp_path):
    values = np.array([[0, 7], [100, 255]], np.uint8)
    assert grey(write(tmp_path / "x.dcm", values)) == values.tolist()
    assert grey(write(tmp_path / "x.dcm", values, "MONOCHROME1")) == (255 - values).tolist()


def test_deeper_ones_from_their_darkest_to_their_lightest(tmp_path):
    expected = np.round(VALUES / 4095 * 255).tolist()
    assert grey(write(tmp_path / "x.dcm", VALUES)) == expected
    assert grey(write(tmp_path / "x.dcm", (VALUES.astype(np.int16) - 2000))) == expected
    assert grey(write(tmp_path / "x.dcm", np.full((2, 2), 9, np.uint16))) == [[0, 0], [0, 0]]


def test_a_window_after_rescaling(tmp_path):
    """Hand count: values x 1 - 1000 = -1000, 0, 1000, 2000, 3000, 3095; window 1000 +- 1000 by PS3.3 C.11.2.1.2.1."""
    tags = {"RescaleSlope": 1, "RescaleIntercept": -1000, "WindowCenter": [1000, 5], "WindowWidth": [2001, 5]}
    # LINEAR: (x - 999.5) / 2000 + 0.5, so 0 -> 0.00025, 1000 -> 0.50025, 2000 -> 1.00025
    assert grey(write(tmp_path / "x.dcm", VALUES, **tags)) == [[0, 0, 128], [255, 255, 255]]
    assert grey(write(tmp_path / "x.dcm", VALUES, "MONOCHROME1", **tags)) == [[255, 255, 127], [0, 0, 0]]
    # LINEAR_EXACT: (x - 1000) / 2001 + 0.5
    exact = write(tmp_path / "x.dcm", VALUES, VOILUTFunction="LINEAR_EXACT", **tags)
    assert grey(exact) == [[0, 0, 128], [255, 255, 255]]
    # SIGMOID: 1 / (1 + exp(-4 (x - 1000) / 2001)): 0.0180, 0.1193, 0.5, 0.8807, 0.9820, 0.9850
    sigmoid = write(tmp_path / "x.dcm", VALUES, VOILUTFunction="SIGMOID", **tags)
    assert np.abs(np.array(grey(sigmoid)) - [[5, 30, 128], [225, 250, 251]]).max() <= 1


def test_a_window_without_width_is_none(tmp_path):
    expected = grey(write(tmp_path / "x.dcm", VALUES))
    assert grey(write(tmp_path / "x.dcm", VALUES, WindowCenter=5, WindowWidth=0)) == expected


def test_the_first_frame_and_colours(tmp_path):
    frames = np.stack([np.full((2, 3), value, np.uint8) for value in (40, 90)])
    assert grey(write(tmp_path / "x.dcm", frames, frames=2)) == [[40] * 3] * 2
    colours = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    found = read_decoded(write(tmp_path / "x.dcm", colours, "RGB"), 3)
    image, size = found.pixels, found.size
    assert size == (4, 6) and image.shape == (2, 3, 3)
    assert (read_image(tmp_path / "x.dcm") == colours).all()


def test_damage_and_files_without_an_image(tmp_path):
    path = write(tmp_path / "x.dcm", VALUES)
    data = path.read_bytes()
    path.write_bytes(data[:-4])
    with pytest.raises(UnreadableImage, match=r"\w"):
        read_image(path)
    path.write_bytes(data[:140])
    with pytest.raises(UnreadableImage, match="a DICOM file without an image"):
        read_image(path)
    for cut in range(130, len(data), 37):
        path.write_bytes(data[:cut])
        with pytest.raises(UnreadableImage):
            read_image(path)


def test_too_many_pixels(tmp_path, monkeypatch):
    path = write(tmp_path / "x.dcm", VALUES)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2)
    with pytest.raises(UnreadableImage, match="too many pixels: 3 x 2, more than 4"):
        read_image(path)


def test_without_pydicom_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(bytes(128) + b"DICM")
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(UnreadableImage, match=r"^needs pydicom: pip install 'foldvote\[dicom\]'$"):
        read_image(tmp_path / "x")


def test_a_tiff_with_the_mark_of_both_stays_a_tiff(tmp_path):
    (tmp_path / "x").write_bytes(b"II*\0" + bytes(124) + b"DICM")
    assert type(reader_of(tmp_path / "x")).__name__ == "Pillow"
