import numpy as np
import pytest

from cmr_ssl.dicom.acquisitions import split_acquisitions
from tests.dicoms import FRAME_MS, FRAMES, codes, header, read_zip, tiny, view_files
from tests.studies import long_axis

PLANE = long_axis("la_2ch", (16, 16, 1), 12.0)


def hold(number, frames=range(FRAMES), late=0.0, **values):
    """Return the images of one breath-hold, as a series holds them beside those of another."""
    return [
        header(PLANE, frame, trigger_ms=frame * FRAME_MS + late, instance=f"{number}.{frame}", **values)
        for frame in frames
    ]


def mixed(*holds):
    """Return the images of several breath-holds, frame by frame."""
    return sorted((image for one in holds for image in one), key=lambda image: image.instance.partition(".")[2])


def sizes(parts):
    return sorted({image.instance.partition(".")[0] for image in part} for part in parts)


@pytest.mark.parametrize("late", [0.0, 3.0])
@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([{"acquisition": 1}, {"acquisition": 2}], "acquisition numbers"),
        ([{"acquired_s": 100.0}, {"acquired_s": 130.0}], "acquisition times"),
        ([{"content_s": 100.0}, {"content_s": 130.0}], "content times"),
        ([{"echo": "1.1"}, {"echo": "2.3"}], "echo times"),
    ],
)
def test_breath_holds_of_one_series_are_told_apart(values, name, late):
    parts, findings = split_acquisitions(mixed(hold("a", **values[0]), hold("b", late=late, **values[1])))
    assert sizes(parts) == [{"a"}, {"b"}]
    assert [(found.code, found.value) for found in findings] == [("several-acquisitions", 2)]
    assert name in findings[0].message


def test_holds_whose_frames_each_have_their_own_time_are_parted_where_seconds_pass():
    first = [image._replace(acquired_s=100 + 0.1 * index) for index, image in enumerate(hold("a"))]
    second = [image._replace(acquired_s=120 + 0.1 * index) for index, image in enumerate(hold("b"))]
    parts, _ = split_acquisitions(mixed(first, second))
    assert sizes(parts) == [{"a"}, {"b"}]


def test_numbers_that_run_on_show_where_the_beat_begins_again():
    again = [image._replace(number=FRAMES + 1 + index) for index, image in enumerate(hold("b"))]
    parts, findings = split_acquisitions(mixed(hold("a"), again))
    assert sizes(parts) == [{"a"}, {"b"}]
    assert "numbers" in findings[0].message


def test_an_aborted_hold_does_not_mix_with_the_one_that_replaced_it():
    parts, _ = split_acquisitions(mixed(hold("a", range(5), acquisition=1), hold("b", acquisition=2)))
    assert sorted(map(len, parts)) == [5, FRAMES]


def test_three_holds_of_two_echoes_are_six():
    holds = [hold(f"{a}{e}", acquisition=a, echo=e) for a in (1, 2, 3) for e in ("1.1", "2.2")]
    parts, _ = split_acquisitions(mixed(*holds))
    assert [len(part) for part in parts] == [FRAMES] * 6
    assert all(len(one) == 1 for one in sizes(parts))


def test_holds_that_nothing_tells_apart_are_left_out():
    parts, findings = split_acquisitions(mixed(hold("a"), hold("b")))
    assert not parts
    assert [(found.code, found.severity) for found in findings] == [("mixed-acquisitions", "rejected")]


@pytest.mark.parametrize(
    "values",
    [
        lambda frame: {"acquisition": frame + 1},
        lambda frame: {"acquisition": 1 + frame // 4},  # segments of the beat
        lambda frame: {"acquisition": 1 + frame % 2},  # by turns
        lambda frame: {"acquired_s": 100.0 + frame},
        lambda frame: {"content_s": 100.0 + 10 * frame},
        lambda frame: {"trigger_ms": 0.0 if frame == 5 else frame * FRAME_MS},  # one time that nobody wrote
        lambda frame: {"trigger_ms": frame // 2 * FRAME_MS},  # coarse times
    ],
)
def test_numbers_and_times_of_single_frames_part_no_beat(values):
    images = [image._replace(**values(frame)) for frame, image in enumerate(hold("a"))]
    assert split_acquisitions(images) == ([images], [])


@pytest.mark.parametrize("second", [{"AcquisitionNumber": "2"}, {"time": "130000"}, {"first": FRAMES}])
def test_of_two_breath_holds_in_one_series_one_is_kept_whole(second, tmp_path):
    whole, other = tiny("sa"), tiny("sa", seed=7)
    together = {"SeriesInstanceUID": "2.25.5", "AcquisitionNumber": "1"}
    files = view_files(whole, **together) | view_files(other, tag="again", **(together | second))
    study, _ = read_zip(tmp_path, files)
    (series,) = study.series
    for index in range(series.pixels.shape[2]):
        assert any(np.array_equal(series.pixels[:, :, index], one.pixels[:, :, index]) for one in (whole, other))
    assert set(codes(study.findings)) == {"several-acquisitions", "re-acquired"}
    assert series.frame_ms == pytest.approx(FRAME_MS)
