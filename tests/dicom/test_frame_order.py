import numpy as np
import pytest

from cmr_ssl.dicom.frame_order import sort_frames
from tests.dicoms import FRAMES, codes, header, read_zip, slice_files, slice_of, tiny
from tests.studies import long_axis

PLANE = long_axis("la_2ch", (16, 16, 1), 12.0)
SHUFFLED = np.random.default_rng(5).permutation(FRAMES)
UNKNOWN = {"number": 0, "trigger_ms": float("nan")}


def shuffled(**values):
    """Return headers in some order, each value given by a function of its frame."""
    return [
        header(PLANE, frame, **(UNKNOWN | {name: of(int(frame)) for name, of in values.items()})) for frame in SHUFFLED
    ]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"temporal": lambda frame: frame + 1}, "temporal positions"),
        ({"number": lambda frame: 40 + 2 * frame}, "numbers"),
        ({"number": lambda frame: 3, "acquired_s": lambda frame: 100.0 + frame}, "acquisition times"),
        ({"acquired_s": lambda frame: 100.0, "content_s": lambda frame: 9.0 + 0.05 * frame}, "content times"),
        ({"trigger_ms": lambda frame: 0.0, "number": lambda frame: frame}, "numbers"),
        ({"trigger_ms": lambda frame: np.nan if frame == 3 else 9.0 * frame, "number": lambda frame: 1 + frame}, "num"),
        ({"trigger_ms": lambda frame: 0.0 if frame == 4 else 9.0 * frame, "number": lambda frame: 1 + frame}, "num"),
    ],
)
def test_what_orders_the_frames_is_what_the_finding_names(values, name):
    ordered, findings = sort_frames(shuffled(**values))
    assert [image.instance for image in ordered] == [header(PLANE, frame).instance for frame in range(FRAMES)]
    assert codes(findings) == ["trigger-times"]
    assert f"their {name}" in findings[0].message


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"number": lambda frame: 1},
        {"number": lambda frame: frame // 2 + 1},
        {"number": lambda frame: 0 if frame == 3 else frame + 1},  # one that nobody numbered
        {"acquired_s": lambda frame: 100.0, "content_s": lambda frame: 200.0},
        {"trigger_ms": lambda frame: 0.0, "temporal": lambda frame: frame % 3},
    ],
)
def test_frames_whose_order_nobody_knows_are_left_out(values):
    ordered, findings = sort_frames(shuffled(**values))
    assert not ordered
    assert [(found.code, found.severity, found.value) for found in findings] == [("no-order", "rejected", FRAMES)]


@pytest.mark.parametrize("keyword", [None, "AcquisitionTime", "ContentTime"])
def test_a_study_without_times_and_numbers_is_ordered_by_the_clock_or_not_at_all(keyword, tmp_path):
    whole = tiny("la_4ch")
    one, affine = slice_of(whole, 0)
    files = {}
    for frame in range(FRAMES):
        values = {"TriggerTime": None, "InstanceNumber": None, "SeriesInstanceUID": "2.25.1"}
        values |= {keyword: f"12000{frame}"} if keyword else {}
        (data,) = slice_files(one[..., frame : frame + 1], affine, "4ch", tag=frame, **values).values()
        files[f"{SHUFFLED[frame]}.dcm"] = data
    study, series = read_zip(tmp_path, files)
    assert codes(study.findings) == ["trigger-times" if keyword else "no-order"]
    assert np.array_equal(series["la_4ch"].pixels, whole.pixels) if keyword else not series
