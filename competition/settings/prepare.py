"""Section prepare: how images are packed."""

from pydantic import Field

from competition.settings.section import SettingsSection


class PrepareSettings(SettingsSection):
    """Packing of images, and which are taken for duplicates."""

    longest_side: int = Field(512, ge=16, description="pixels; larger images are shrunk to it, smaller ones kept")
    quality: int = Field(92, ge=1, le=100, description="JPEG quality of the packed images")
    page: int = Field(1, ge=1, description="of image files with several pages (TIFF, GIF), from 1")
    least_decoded: float = Field(
        0.95,
        ge=0,
        le=1,
        description="share of a damaged training image's pixels that must be there for it to be learnt from; the rest "
        "is white, and it is listed in folds/problem_files.csv. A test image is answered by whatever is there",
    )
    near_duplicate_similarity: float = Field(
        0.95,
        ge=0.8,
        le=1,
        description="correlation of two aligned grey thumbnails from which on they show the same page: such pages are "
        "listed, and stay on one side of every split. Lower: pages of one layout too; 1: only what looks exactly the "
        "same",
    )
