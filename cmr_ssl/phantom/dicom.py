"""DICOM files of cines, one a frame, reproducible byte by byte."""

import io
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage
from pydicom.valuerep import format_number_as_ds
from scipy.ndimage import binary_erosion

from cmr_ssl import anatomy
from cmr_ssl.phantom.examination import Exam, PhantomCine
from cmr_ssl.phantom.scanner import DEFAULT
from cmr_ssl.planes import spacing, unit

Array = NDArray[np.float64]

MODEL = "synthetic hearts"  # of the default scanner
RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])
WRITER = "2.25.245108763923427650212330215983206741123"  # UID of this program


def frame_uid(exam: Exam, cine: PhantomCine, frame: int) -> str:
    """Return the identifier of one frame's image, which is also the stem of its file."""
    return exam.uid(cine.name, frame)


class CineHeader(NamedTuple):
    """Elements shared by the frames of a cine, and the number of images of its series before them."""

    shared: Dataset
    before: int


def cine_header(exam: Exam, cine: PhantomCine, number: int, before: int) -> CineHeader:
    """Return the elements shared by the frames of a cine in series `number`, after `before` images of other cines."""
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = MRImageStorage
    header.file_meta.ImplementationClassUID = UID(WRITER)
    header.file_meta.ImplementationVersionName = "CMR_SSL"
    _set_patient_and_study(header, exam)
    _set_times(header, exam, cine)
    _set_acquisition(header, exam, cine, number)
    header.SeriesInstanceUID = exam.uid("series", cine.series)
    header.NominalInterval = round(exam.rr_ms)
    _set_geometry(header, cine)
    return CineHeader(header, before)


def frame_bytes(of_cine: CineHeader, exam: Exam, cine: PhantomCine, frame: int) -> bytes:
    """Return the file of one frame, whose elements replace those of the last frame in the shared header."""
    header, pixels = of_cine.shared, cine.pixels[frame]
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = UID(frame_uid(exam, cine, frame))
    header.InstanceNumber = of_cine.before + frame + 1
    header.TriggerTime = _decimal(frame * exam.rr_ms / len(cine.pixels))
    header.SmallestImagePixelValue, header.LargestImagePixelValue = int(pixels.min()), int(pixels.max())
    header.PixelData = pixels.astype("<u2").tobytes()
    if cine.analysed:
        _add_overlay(header, contours(cine.labels[frame]))
    buffer = io.BytesIO()
    header.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def contours(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the inner and outer outline of the left ventricle, both (Y, X)."""
    cavity = labels == anatomy.LV
    whole = cavity | (labels == anatomy.MYOCARDIUM)
    return np.asarray((cavity & ~binary_erosion(cavity)) | (whole & ~binary_erosion(whole)))


def _set_patient_and_study(header: Dataset, exam: Exam) -> None:
    header.SOPClassUID = MRImageStorage
    header.PatientName = header.PatientID = exam.subject
    header.PatientBirthDate = header.PatientSex = header.AccessionNumber = header.ReferringPhysicianName = ""
    header.StudyInstanceUID = exam.uid("study")
    header.FrameOfReferenceUID = exam.uid("frame of reference")
    header.StudyID = str(exam.visit)
    header.Modality, header.Manufacturer, header.ManufacturerModelName = "MR", "cmr_ssl", MODEL
    if exam.scanner != DEFAULT:
        header.ManufacturerModelName = exam.scanner.name
    header.PositionReferenceIndicator = ""


def _set_times(header: Dataset, exam: Exam, cine: PhantomCine) -> None:
    started = exam.start + timedelta(seconds=cine.started_s)
    header.StudyDate = header.SeriesDate = header.AcquisitionDate = header.ContentDate = f"{exam.start:%Y%m%d}"
    header.StudyTime = f"{exam.start:%H%M%S.%f}"
    header.SeriesTime = header.AcquisitionTime = header.ContentTime = f"{started:%H%M%S.%f}"


def _set_acquisition(header: Dataset, exam: Exam, cine: PhantomCine, number: int) -> None:
    header.ImageType = ["DERIVED" if cine.analysed else "ORIGINAL", "PRIMARY", "M", "RETRO"]
    header.SeriesDescription, header.SeriesNumber, header.AcquisitionNumber = cine.description, number, 1
    sequence = exam.scanner.sequence
    header.ScanningSequence, header.SequenceVariant, header.ScanOptions = "GR", list(sequence.variant), ""
    header.MRAcquisitionType, header.PatientPosition = "2D", "HFS"
    header.MagneticFieldStrength, header.FlipAngle = f"{sequence.tesla:g}", f"{sequence.flip_degrees:g}"
    header.RepetitionTime, header.EchoTime = f"{sequence.repetition_ms:g}", f"{sequence.echo_ms:g}"
    header.EchoTrainLength = 1
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 12, 11, 0
    header.CardiacNumberOfImages = len(cine.pixels)


def _set_geometry(header: Dataset, cine: PhantomCine) -> None:
    along, down, corner = (cine.affine[:3, axis] * RAS_TO_LPS for axis in (0, 1, 3))
    column_mm, row_mm = spacing(cine.affine)
    header.Rows, header.Columns = cine.pixels.shape[1:]
    header.PixelSpacing = [_decimal(row_mm), _decimal(column_mm)]
    header.SliceThickness = _decimal(cine.thickness)
    header.ImageOrientationPatient = [_decimal(value) for value in (*unit(along), *unit(down))]
    header.ImagePositionPatient = [_decimal(value) for value in corner]
    header.SliceLocation = _decimal(corner @ np.cross(unit(along), unit(down)))


def _decimal(value: float) -> str:
    """Return a number in at most 16 characters, as DICOM requires."""
    return str(format_number_as_ds(float(value)))


def _add_overlay(header: Dataset, lines: NDArray[np.bool_]) -> None:
    """Add one overlay, (Y, X)."""
    bits = np.packbits(lines, axis=None, bitorder="little").tobytes()
    elements = {0x0010: lines.shape[0], 0x0011: lines.shape[1], 0x0100: 1, 0x0102: 0}  # rows, columns, bits, position
    for element, value in elements.items():
        header.add_new((0x6000, element), "US", value)
    header.add_new((0x6000, 0x0040), "CS", "G")
    header.add_new((0x6000, 0x0050), "SS", [1, 1])
    header.add_new((0x6000, 0x3000), "OW", bits + b"\0" * (len(bits) % 2))
