"""Write the label maps of one study as DICOM-SEG."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydicom import Dataset

from cmr_ssl.anatomy import is_structure
from cmr_ssl.export.dicom_seg import SegmentedFrame, extreme_frames, segmentation
from cmr_ssl.export.dicom_sources import read_headers, sources_of
from cmr_ssl.files import save
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.sources.label_folder import LabelFolder, LabelledHeart
from cmr_ssl.sources.nifti_files import NiftiFiles

FIRST_SERIES = 9000  # number of the first segmentation, behind those of scanners


def write_segmentations(labels: Path, dicom: Path, out: Path, files: NiftiFiles) -> list[Path]:
    """Write the files and return them; see the command `dicom-seg`."""
    heart = LabelFolder(labels.parent, files.labels, files.facts).read(labels.name)
    if not heart.views:
        why = "; ".join(f"{view}: {problem}".removeprefix(": ") for view, problem in heart.problems.items())
        raise ValueError(f"{labels} has no label map that can be read: {why}")
    headers = read_headers(dicom)
    frames = [frame for view in heart.views for frame in _frames(view, heart, headers)]
    contents = {
        out / f"{frame.name}.dcm": segmentation(frame, FIRST_SERIES + number) for number, frame in enumerate(frames)
    }
    if not contents:
        raise ValueError(f"{labels}: nothing is drawn in {', '.join(heart.views)}")
    for path, content in contents.items():
        save(path, content)
    return [*contents]


def _frames(view: str, heart: LabelledHeart, headers: list[Dataset]) -> Iterator[SegmentedFrame]:
    """Yield a view at the ED and ES of the short axis, or its own where the frames are others."""
    label_map = heart.views[view].map
    stack = heart.views.get(SHORT_AXIS)
    same = stack is not None and len(stack.map.labels) == len(label_map.labels)
    sources = sources_of(headers, np.asarray(label_map.affine), label_map.labels.shape, view)
    for frame in extreme_frames(stack.map if stack is not None and same else label_map):
        labels = label_map.labels[frame]
        if is_structure(labels).any():
            images = [images[frame] for images in sources]
            yield SegmentedFrame(f"{view}_frame{frame:02d}", frame, labels, np.asarray(label_map.affine), images)
