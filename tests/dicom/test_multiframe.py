import numpy as np
import pytest
from pydicom.tag import Tag as At

from cmr_ssl.dicom.header import ENHANCED_MR
from tests.dicoms import (
    FRAME_MS,
    FRAMES,
    NAMES,
    codes,
    dataset,
    encoded,
    placed,
    read_zip,
    slice_of,
    tiny,
    uid,
    view_files,
)

STEP, STEPS, LOCATIONS = At(0x00181063), At(0x00181065), At(0x00201041)
WHOLE = tiny("sa")
TIMED = {"FrameIncrementPointer": STEP, "FrameTime": f"{FRAME_MS}", "CardiacNumberOfImages": None}
STEPPED = {"FrameIncrementPointer": STEPS, "FrameTimeVector": ["0", *[f"{FRAME_MS}"] * (FRAMES - 1)]}


def cine(one, index, **values):
    """Return a classic object with all frames of one slice."""
    pixels, affine = slice_of(one, index)
    stored = np.moveaxis(pixels, 2, 0).swapaxes(1, 2)
    headers = {
        "SOPInstanceUID": uid("cine", one.view, index),
        "SeriesInstanceUID": uid("series of", one.view),
        "SeriesDescription": NAMES[one.view].format(index + 1),
        "AcquisitionTime": "120000",
        "InstanceNumber": str(index + 1),
        "NumberOfFrames": str(len(stored)),
        "PixelData": stored.astype("<u2").tobytes(),
    }
    return encoded(dataset(stored[0], **(headers | placed(affine) | values)))


def read(tmp_path, **values):
    """Read a short axis of classic objects, one a slice, beside a four-chamber view of single images."""
    files = {f"{index}.dcm": cine(WHOLE, index, **values) for index in range(WHOLE.pixels.shape[2])}
    return read_zip(tmp_path, files | view_files(tiny("la_4ch")))


@pytest.mark.parametrize("values", [TIMED, STEPPED, TIMED | {"CardiacNumberOfImages": f"{FRAMES}"}, {}])
def test_an_object_that_can_only_be_one_slice_over_the_beat_is_read(values, tmp_path):
    study, series = read(tmp_path, **values)
    assert np.array_equal(series["sa"].pixels, WHOLE.pixels)
    assert series["sa"].affine == pytest.approx(WHOLE.affine, abs=1e-6)
    assert series["sa"].frame_ms == pytest.approx(FRAME_MS)
    assert {*codes(study.findings)} == (set() if values else {"trigger-times"})


@pytest.mark.parametrize(
    "values",
    [
        {"CardiacNumberOfImages": None},
        {"CardiacNumberOfImages": f"{FRAMES // 2}"},
        {"FrameIncrementPointer": LOCATIONS},
        TIMED | {"CardiacNumberOfImages": f"{FRAMES // 2}"},
        TIMED | {"FrameTime": f"{3 * FRAME_MS}"},
        TIMED | {"FrameTime": "0"},
        STEPPED | {"FrameTimeVector": ["0", f"{FRAME_MS}"]},
        STEPPED | {"FrameTimeVector": ["0", f"{-FRAME_MS}"] * (FRAMES // 2)},
        TIMED | {"SOPClassUID": ENHANCED_MR},
        TIMED | {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.3"},
        TIMED | {"ImagePositionPatient": None},
    ],
)
def test_an_object_that_may_be_anything_else_is_missed_aloud(values, tmp_path):
    study, series = read(tmp_path, **values)
    assert list(series) == ["la_4ch"]
    (loud,) = [found for found in study.findings if found.severity == "rejected"]
    assert loud.message.startswith("the short axis is missing")
    assert f"holds {FRAMES} frames" in loud.message
