"""Label maps as DICOM-SEG: a file a view and frame, whose segments refer to the images they were drawn on.

One file a frame, as highdicom allows one image a place; see DICOM PS3.3 A.51, Segmentation IOD.
"""

from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

import cmr_ssl
from cmr_ssl.anatomy import CLASSES, LA, LV, MYOCARDIUM, RA, RV, is_structure
from cmr_ssl.export.dicom_sources import RAS_TO_LPS
from cmr_ssl.volumes import LabelMap

if TYPE_CHECKING:
    from highdicom.seg import Segmentation

Labels = NDArray[np.uint8]

SCT_CODES = {  # SNOMED CT's cavities and wall
    LV: Code("87878005", "SCT", "Left ventricle"),
    MYOCARDIUM: Code("74281007", "SCT", "Myocardium"),
    RV: Code("53085002", "SCT", "Right ventricle"),
    LA: Code("82471001", "SCT", "Left atrium"),
    RA: Code("73829009", "SCT", "Right atrium"),
}
TYPE_2 = (  # may be empty but must be there; de-identifying removes some
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime"),
    *("AccessionNumber", "ReferringPhysicianName"),
)
NO_HIGHDICOM = "dicom-seg needs a package that is not installed: pip install 'cmr-ssl[seg]'"


class SegmentedFrame(NamedTuple):
    """One frame of a view."""

    name: str  # such as sa_frame00
    frame: int
    labels: Labels  # classes of `anatomy`, (S, Y, X)
    affine: NDArray[np.float64]  # voxel (column, row, slice, 1) to RAS+ mm, (4, 4)
    sources: list[Dataset]  # the image of each slice


def extreme_frames(label_map: LabelMap) -> list[int]:
    """Return the frames with the largest and the smallest LV, without an LV those of all structures; in their order."""
    drawn = label_map.labels == LV
    sizes = (drawn if drawn.any() else is_structure(label_map.labels)).sum(axis=(1, 2, 3))
    labelled = np.flatnonzero(is_structure(label_map.labels).any(axis=(1, 2, 3)))
    if not len(labelled):
        return []
    return sorted({int(labelled[sizes[labelled].argmax()]), int(labelled[sizes[labelled].argmin()])})


def segmentation(frame: SegmentedFrame, number: int) -> bytes:
    """Return a DICOM-SEG file of a frame; the same labels have the same UIDs, so that no archive holds them twice.

    Args:
        frame: labels and the images they were drawn on.
        number: of its series.

    Raises:
        ValueError: if highdicom is not installed, nothing is drawn, or the images have no frame of reference.
    """
    try:
        from highdicom import AlgorithmIdentificationSequence, Volume
        from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
    except ImportError as error:
        raise ValueError(NO_HIGHDICOM) from error
    classes = [value for value in SCT_CODES if (frame.labels == value).any()]
    if not classes:
        raise ValueError(f"{frame.name}: nothing is drawn")
    sources = [_completed(source, frame.name) for source in frame.sources]
    table = np.zeros(256, dtype=np.uint8)
    table[classes] = np.arange(1, len(classes) + 1)
    version, family = cmr_ssl.__version__, codes.DCM.ArtificialIntelligence
    algorithm = AlgorithmIdentificationSequence(name="cmr_ssl", version=version, family=family)
    automatic, anatomy = SegmentAlgorithmTypeValues.AUTOMATIC, codes.SCT.AnatomicalStructure
    segments = [
        SegmentDescription(index, CLASSES[value], anatomy, SCT_CODES[value], automatic, algorithm)
        for index, value in enumerate(classes, start=1)
    ]
    affine = (RAS_TO_LPS @ frame.affine)[:, [2, 1, 0, 3]]  # of (slice, row, column)
    reference = str(sources[0].FrameOfReferenceUID)
    made = Segmentation(
        sources[:1],
        Volume(table[frame.labels], affine, "PATIENT", frame_of_reference_uid=reference),
        SegmentationTypeValues.BINARY,
        segments,
        series_instance_uid=_uid("series", frame),
        series_number=number,
        sop_instance_uid=_uid("instance", frame),
        instance_number=1,
        manufacturer="cmr_ssl",
        manufacturer_model_name="cmr_ssl",
        software_versions=version,
        device_serial_number="0",
        content_label="SEGMENTATION",
        content_description=frame.name,
    )
    _refer(made, sources)
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = _uid("dimensions", frame)
    made.SeriesDescription = f"cmr_ssl {frame.name}, research only"
    return _encoded(made)


def _encoded(made: "Segmentation") -> bytes:
    stream = BytesIO()
    made.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _uid(what: str, frame: SegmentedFrame) -> str:
    """Return a UID that is the same for the same frame of the same study and labels."""
    study, drawn = str(frame.sources[0].StudyInstanceUID), frame.labels.tobytes().hex()
    return generate_uid(entropy_srcs=[what, frame.name, study, drawn])


def _completed(source: Dataset, name: str) -> Dataset:
    """Return a header with empty values of what may be empty but must be there."""
    if "FrameOfReferenceUID" not in source:
        raise ValueError(f"{name}: its images have no FrameOfReferenceUID, so a segmentation has no place")
    complete = Dataset()
    complete.update(source)
    complete.file_meta = source.file_meta
    for keyword in TYPE_2:
        if keyword not in complete:
            setattr(complete, keyword, "")
    return complete


def _refer(made: "Segmentation", sources: list[Dataset]) -> None:
    """Let each frame of a segmentation, and the whole, refer to the images of its slice."""
    places = np.array([source.ImagePositionPatient for source in sources], dtype=np.float64)
    for group in made.PerFrameFunctionalGroupsSequence:
        place = np.array(group.PlanePositionSequence[0].ImagePositionPatient, dtype=np.float64)
        source = sources[int(np.abs(places - place).sum(axis=1).argmin())]
        item = _reference(source)
        item.PurposeOfReferenceCodeSequence = [_coded("121322", "Source image for image processing operation")]
        derivation = Dataset()
        derivation.DerivationCodeSequence = [_coded("113076", "Segmentation")]
        derivation.SourceImageSequence = [item]
        group.DerivationImageSequence = [derivation]
    made.SourceImageSequence = [_reference(source) for source in sources]
    series: dict[str, list[Dataset]] = {}
    for source in sources:
        series.setdefault(str(source.SeriesInstanceUID), []).append(_reference(source))
    made.ReferencedSeriesSequence = [_series(uid, items) for uid, items in series.items()]


def _reference(source: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    return item


def _series(uid: str, items: list[Dataset]) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedInstanceSequence = uid, items
    return series


def _coded(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code
