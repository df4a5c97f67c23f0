"""DICOM files and archives of tiny studies, written as UK Biobank's are, and as nobody should write them."""

import hashlib
import io
import zipfile

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from cmr_ssl.dicom.archive import Limits, Member
from cmr_ssl.dicom.archived_study import read_study
from cmr_ssl.dicom.cine import find_cines
from cmr_ssl.dicom.header import ENHANCED_MR, MR_IMAGE, ImageHeader, PixelFormat, PixelGrid
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS
from tests.studies import long_axis, series, short_axis

FRAMES = 8
SIDE = 16
PIXEL_MM = 7.5  # the coarsest pictures that readers take for a heart have 8
FRAME_MS = 100.0
SLICES = 4
NAMES = {
    SHORT_AXIS: "CINE_segmented_SAX_b{}",
    "la_2ch": "CINE_segmented_LAX_2Ch",
    "la_3ch": "CINE_segmented_LAX_3Ch",
    "la_4ch": "CINE_segmented_LAX_4Ch",
}
LPS = np.array([-1.0, -1.0, 1.0])


def uid(*parts):
    """Return a UID that is the same for the same parts."""
    return f"2.25.{int(hashlib.md5('/'.join(map(str, parts)).encode()).hexdigest(), 16)}"


def decimals(values):
    """Return numbers as DICOM's decimal strings hold them, 16 characters each."""
    return [f"{value:.10f}"[:16] for value in values]


def dataset(pixels, **values):
    """Return a data set of one image, (rows, columns), with UK Biobank's headers; None among `values` removes one."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = values.get("SOPClassUID", MR_IMAGE)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pixels = np.asarray(pixels)
    defaults = {
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "RETRO"],
        "SOPClassUID": MR_IMAGE,
        "StudyDate": "20150830",
        "Modality": "MR",
        "PatientID": "900000001",
        "PatientName": "SECRET^NAME",
        "StudyInstanceUID": uid("study"),
        "SliceThickness": "8",
        "NominalInterval": f"{FRAMES * FRAME_MS:.0f}",
        "CardiacNumberOfImages": str(FRAMES),
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PixelData": pixels.astype("<u2").tobytes(),
    }
    made = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    for name, value in (defaults | values).items():
        if value is not None:
            setattr(made, name, value)
    meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID", uid("nothing"))
    return made


def encoded(made):
    """Return the bytes of a file."""
    stream = io.BytesIO()
    dcmwrite(stream, made, enforce_file_format=True)
    return stream.getvalue()


def placed(affine):
    """Return the headers that say where a plane with a RAS+ affine lies, and how large its pixels are."""
    spacing, directions, position = grid(affine)[2:]
    values = {"PixelSpacing": spacing, "ImageOrientationPatient": directions, "ImagePositionPatient": position}
    return {name: decimals(numbers) for name, numbers in values.items()}


def read_zip(folder, files):
    """Return the study in an archive of these files, and its series by view."""
    study = read_study("900000001", [write_zip(folder / "a.zip", files)], Limits())
    return study, {one.view: one for one in study.series}


def slice_files(pixels, affine, name, frame_ms=FRAME_MS, time="120000", tag="", first=0, **values):
    """Return the files of one slice: name to bytes.

    Args:
        pixels: (X, Y, T), as in NIfTI.
        affine: of the slice, RAS+, (4, 4).
        name: description of its series.
        frame_ms: time between frames.
        time: of the acquisition.
        tag: makes the UIDs of one slice differ from another's.
        first: instance number before the first frame.
        values: other headers.
    """
    files = {}
    for frame in range(pixels.shape[2]):
        instance = uid("image", name, time, tag, frame)
        headers = {
            "SOPInstanceUID": instance,
            "SeriesInstanceUID": uid("series", name, time, tag),
            "SeriesDescription": name,
            "AcquisitionTime": time,
            "InstanceNumber": str(first + frame + 1),
            "TriggerTime": f"{frame * frame_ms:.4f}",
        }
        files[f"{instance}.dcm"] = encoded(dataset(pixels[:, :, frame].T, **(headers | placed(affine) | values)))
    return files


def tiny(view, frames=FRAMES, slices=SLICES, **options):
    """Return one view of the beating study on a few large pixels."""
    if view == SHORT_AXIS:
        shape = (SIDE, SIDE + 2, slices)
        return series(view, frames, FRAME_MS, affine=short_axis(shape, PIXEL_MM), shape=shape, **options)
    shape = (SIDE + 2, SIDE, 1)
    return series(view, frames, FRAME_MS, affine=long_axis(view, shape, PIXEL_MM), shape=shape, **options)


def slice_of(one, index):
    """Return pixels (X, Y, T) and affine of a slice of a series."""
    affine = one.affine.copy()
    affine[:3, 3] += index * affine[:3, 2]
    return one.pixels[:, :, index], affine


def view_files(one, name=None, **values):
    """Return the files of all slices of a series."""
    files = {}
    thickness = "8" if one.view == SHORT_AXIS else "6"
    for index in range(one.pixels.shape[2]):
        called = (name or NAMES[one.view]).format(index + 1)
        files |= slice_files(*slice_of(one, index), called, **({"SliceThickness": thickness, "tag": index} | values))
    return files


def study_files(views=(SHORT_AXIS, *LONG_AXIS)):
    """Return the files of a whole clean study."""
    return {name: data for view in views for name, data in view_files(tiny(view)).items()}


def write_zip(path, files, compression=zipfile.ZIP_STORED):
    """Write an archive and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def unpacked(folder, files):
    """Write files into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def write_ukb(folder, subject="900000001", visit=2, manifest="manifest.cvs"):
    """Write a participant's two archives, with a manifest as UK Biobank has it."""
    for field, views in (("20208", LONG_AXIS), ("20209", (SHORT_AXIS,))):
        files = study_files(views)
        listed = manifest_text({name: "CINE" for name in files}).encode()
        write_zip(folder / f"{subject}_{field}_{visit}_0.zip", {manifest: listed} | files, zipfile.ZIP_DEFLATED)
    return folder


def manifest_text(names):
    """Return a manifest with a misspelt column and dates that break its commas."""
    lines = ["filename,patientid,date,series discription,seriesid"]
    lines += [f"{file},900000001,Aug 30, 2015 1:05:12 PM,{name},1.2.3" for file, name in names.items()]
    return "\n".join(lines) + "\n"


def member(data=b"", name="image.dcm"):
    """Return a file of these bytes."""
    return Member(name, len(data), lambda: io.BytesIO(data), lambda: data)


def grid(affine, shape=(SIDE, SIDE)):
    """Return DICOM's words for where a plane with a RAS+ affine and (columns, rows) lies."""
    steps = np.linalg.norm(affine[:3, :2], axis=0)
    columns, rows = (affine[:3, :2] / steps).T * LPS
    place = affine[:3, 3] * LPS
    return PixelGrid(
        shape[1], shape[0], tuple(steps[::-1].tolist()), (*columns.tolist(), *rows.tolist()), tuple(place.tolist())
    )


def header(affine=None, frame=0, name=NAMES["la_2ch"], time="120000", **values):
    """Return the header of one image of a slice."""
    affine = long_axis("la_2ch", (SIDE, SIDE, 1), PIXEL_MM) if affine is None else affine
    plain = PixelFormat("1.2.840.10008.1.2.1", False, True, 16, 12, False, 1.0, 0.0)
    made = ImageHeader(
        member=member(name=f"{name}-{time}-{frame}"),
        offset=0,
        instance=uid("image", name, time, affine.round(3).tolist(), frame),
        series=uid("series", name, time),
        study="study",
        patient="900000001",
        date="20150830",
        name=name,
        derived=False,
        acquired=f"20150830{time}",
        number=frame + 1,
        trigger_ms=frame * FRAME_MS,
        interval_ms=FRAMES * FRAME_MS,
        expected=FRAMES,
        thickness=8.0,
        grid=grid(affine),
        format=plain,
    )
    return made._replace(**values)


def headers(affine, name, frames=range(FRAMES), **values):
    """Return the headers of one slice."""
    return [header(affine, frame, name, **values) for frame in frames]


def cine(affine, name, **values):
    """Return one slice as it was acquired."""
    (found,), _ = find_cines(headers(affine, name, **values))
    return found


def showing(one, pixels):
    """Return a slice every frame of which is the same picture."""
    data = encoded(dataset(pixels))
    image = {"member": member(data), "offset": data.index(b"\xe0\x7f\x10\x00")}
    return one._replace(frames=tuple(frame._replace(**image) for frame in one.frames))


def stack_affines(count=SLICES, step=10.0):
    """Return the affines of the slices of a short axis, from base to apex."""
    whole = short_axis((SIDE, SIDE, count), PIXEL_MM)
    along = whole[:3, 2] / np.linalg.norm(whole[:3, 2])
    affines = np.repeat(whole[None], count, axis=0)
    affines[:, :3, 3] += np.arange(count)[:, None] * step * along
    return list(affines)


def codes(findings):
    """Return the codes of findings."""
    return [found.code for found in findings]


def functional_groups(affine, **values):
    """Return what an enhanced object says of one frame: its place, and whatever else is given, each in its group.

    Args:
        affine: of the slice, RAS+, (4, 4).
        values: name of a group to the elements in it; None removes the group.
    """
    where = placed(affine)
    groups = {
        "PlanePositionSequence": {"ImagePositionPatient": where["ImagePositionPatient"]},
        "PlaneOrientationSequence": {"ImageOrientationPatient": where["ImageOrientationPatient"]},
        "PixelMeasuresSequence": {"PixelSpacing": where["PixelSpacing"], "SliceThickness": "8"},
    } | values
    made = Dataset()
    for group, elements in groups.items():
        if elements is not None:
            setattr(made, group, Sequence([elements_of(elements)]))
    return made


def elements_of(values):
    """Return a data set of these elements."""
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def enhanced(one, name=None, order=None, grouped=None, shared=None, **values):
    """Return one enhanced object with all frames of a series.

    Args:
        one: the series.
        name: description.
        order: how its frames, slice by slice, are stored; indices into them.
        grouped: function of slice and frame to further functional groups.
        shared: functional groups that all frames have in common.
        values: other headers.
    """
    frames, count = one.pixels.shape[3], one.pixels.shape[2]
    places = [(index, frame) for index in range(count) for frame in range(frames)]
    places = places if order is None else [places[place] for place in order]
    pixels = np.stack([one.pixels[:, :, index, frame].T for index, frame in places])
    timed = grouped or trigger_delays
    headers = {
        "SOPClassUID": ENHANCED_MR,
        "SOPInstanceUID": uid("enhanced", one.view, name),
        "SeriesInstanceUID": uid("series of", one.view, name),
        "SeriesDescription": NAMES[one.view].format("") if name is None else name,
        "NumberOfFrames": str(len(places)),
        "NominalInterval": None,
        "CardiacNumberOfImages": None,
        "SliceThickness": None,
        "AcquisitionTime": "120000",
        "SharedFunctionalGroupsSequence": Sequence([functional_groups(one.affine, **NO_PLACE, **(shared or INTERVAL))]),
        "PerFrameFunctionalGroupsSequence": Sequence(
            [functional_groups(slice_of(one, index)[1], **timed(index, frame)) for index, frame in places]
        ),
        "PixelData": pixels.astype("<u2").tobytes(),
    }
    return dataset(pixels[0], **(headers | values))


NO_PLACE = dict.fromkeys(("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence"))
INTERVAL = {"CardiacSynchronizationSequence": {"RRIntervalTimeNominal": FRAMES * FRAME_MS}}


def trigger_delays(_, frame):
    """Return the group that times a frame by its delay after the R wave."""
    return {"CardiacSynchronizationSequence": {"NominalCardiacTriggerDelayTime": frame * FRAME_MS}}


def temporal_indices(_, frame):
    """Return the group that only counts the frames of a beat."""
    return {"FrameContentSequence": {"TemporalPositionIndex": frame + 1}}
