import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.ndimage import binary_dilation

from cmr_ssl.anatomy import LV, MYOCARDIUM
from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.commands import prepare as command
from cmr_ssl.commands.prepare import prepare, prepare_cohort
from cmr_ssl.journal import RECORDS
from cmr_ssl.preparation.cache import COHORT, SETTINGS, read_method, subject_file
from cmr_ssl.preparation.preparation import Preparation
from cmr_ssl.sources import EdEs, LabelFile, NiftiFiles, NiftiFolder
from cmr_ssl.study import Finding
from cmr_ssl.workers import Workers
from tests.studies import series, study, write_image, write_study

SMALL = Preparation(size=32, spacing_mm=3.6538, frames=10)
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass
class Made:
    """A source of studies made on the spot; what it was asked to read stands in `reads`."""

    names: tuple[str, ...] = ("900000001", "900000002", "900000003")
    version: str = "1"

    def __post_init__(self):
        self.reads = []

    def subjects(self):
        return sorted(self.names)

    def fingerprint(self, subject):
        return self.version

    def read(self, subject):
        self.reads.append(subject)
        if subject == "explodes":
            raise ZeroDivisionError("of the reader")
        made = study(("sa",), subject, shape=(40, 40, 3), frames=10)
        if subject == "mended":
            made.findings.append(Finding("x", "repaired", "sa", "mended"))
        if subject == "dark":
            made.series[0].pixels[:] = 0
        return made


def run(source, cache, preparation=SMALL, workers=1, prune=False):
    return prepare_cohort(source, cache, preparation, {"files": "made"}, Workers(workers), prune=prune)


def statuses(cache):
    return dict(read_cohort(cache)[["subject", "status"]].itertuples(index=False))


@pytest.mark.parametrize("workers", [1, 2])
def test_every_subject_ends_in_the_table_and_every_usable_one_in_the_cache(tmp_path, workers, forked):
    ends = {"dark": "rejected", "explodes": "rejected", "mended": "repaired", "sound": "accepted", "x ü/%": "accepted"}
    assert run(Made(tuple(ends)), tmp_path, workers=workers) == 0
    assert statuses(tmp_path) == ends
    table = read_cohort(tmp_path).set_index("subject")
    assert "ZeroDivisionError: of the reader" in table.loc["explodes", "reasons"]
    assert table.loc["dark", "reasons"]
    for subject, status in statuses(tmp_path).items():
        assert subject_file(tmp_path, subject).is_file() == (status != "rejected")
    assert load_file(subject_file(tmp_path, "sound"))["images"].shape == (3, 10, 32, 32)


@pytest.mark.parametrize("change", ["files", "settings", "lost file"])
def test_what_changed_is_prepared_again(tmp_path, change):
    run(Made(), tmp_path)
    if change == "lost file":
        subject_file(tmp_path, "900000002").unlink()
    again = Made(version="2" if change == "files" else "1")
    frames = 12 if change == "settings" else 10
    assert run(again, tmp_path, Preparation(size=32, spacing_mm=3.6538, frames=frames)) == 0
    assert again.reads == (["900000002"] if change == "lost file" else list(again.names))
    assert load_file(subject_file(tmp_path, "900000002"))["images"].shape[1] == frames


def test_with_other_settings_the_old_table_goes_first(tmp_path, monkeypatch):
    run(Made(), tmp_path)
    monkeypatch.setattr(command, "write_subject", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert run(Made(), tmp_path, Preparation(size=16, spacing_mm=3.6538, frames=10)) == 1
    with pytest.raises(FileNotFoundError, match="after 0 subjects"):
        read_cohort(tmp_path)


def test_subjects_that_left_the_source_leave_the_table_and_their_files_only_where_asked(tmp_path, capsys):
    run(Made(), tmp_path)
    (tmp_path / "subjects" / ".writing-torn").write_bytes(b"half")
    (tmp_path / "subjects" / "notes.txt").write_text("somebody's")
    run(Made(("900000001",)), tmp_path)
    assert statuses(tmp_path) == {"900000001": "accepted"}
    assert "2 prepared files are of subjects that the source no longer has" in capsys.readouterr().err
    back = Made()
    run(back, tmp_path)  # the disk was away for a moment
    assert back.reads == []
    assert len(statuses(tmp_path)) == 3
    run(Made(("900000001",)), tmp_path, prune=True)
    left = {path.name for path in (tmp_path / "subjects").iterdir()}
    assert left == {"900000001.safetensors", "notes.txt"}


@pytest.fixture
def filed(tmp_path):
    """Return a folder with files of two studies, and the cache that they were prepared into."""
    source, cache = tmp_path / "source", tmp_path / "cache"
    for subject in ("900000001", "900000002"):
        write_study(source, study(("sa",), subject, shape=(40, 40, 3), frames=10, frame_ms=80.0))
    assert prepare(source, cache, preparation=SMALL) == 0
    return source, cache


def test_files_of_a_subject_whose_images_are_away_for_a_moment_stay(filed, tmp_path):
    source, cache = filed
    made = subject_file(cache, "900000001").read_bytes()
    image, away = source / "900000001" / "sa.nii.gz", tmp_path / "away"
    image.rename(away)
    assert prepare(source, cache, preparation=SMALL) == 0
    assert statuses(cache) == {"900000001": "rejected", "900000002": "accepted"}
    assert subject_file(cache, "900000001").read_bytes() == made
    away.rename(image)
    assert prepare(source, cache, preparation=SMALL) == 0
    assert statuses(cache) == {"900000001": "accepted", "900000002": "accepted"}
    away.write_bytes(image.read_bytes())
    image.unlink()
    assert prepare(source, cache, preparation=SMALL, prune=True) == 0
    assert not subject_file(cache, "900000001").exists()


@pytest.mark.parametrize("gone", ["900000001", "."])
def test_a_source_that_vanishes_during_the_run_stops_it(filed, tmp_path, monkeypatch, capsys, gone):
    source, cache = filed
    subjects = NiftiFolder.subjects

    def then_vanish(folder):
        found = subjects(folder)
        (source / gone).rename(tmp_path / "away")
        return found

    monkeypatch.setattr(NiftiFolder, "subjects", then_vanish)
    assert prepare(source, cache, preparation=SMALL) == 1
    assert "cannot be read" in capsys.readouterr().err
    monkeypatch.undo()
    assert set(statuses(cache).values()) == {"accepted"}
    assert all(subject_file(cache, subject).is_file() for subject in statuses(cache))


@pytest.mark.parametrize("inside", ["", "cache", "900000001/cache"])
def test_a_cache_among_the_studies_is_refused_and_so_are_studies_among_the_files_of_a_cache(tmp_path, inside):
    write_study(tmp_path / "subjects", study(("sa",), "900000001", frames=10))
    with pytest.raises(ValueError, match="lies in the folder that is read"):
        prepare(tmp_path / "subjects", tmp_path / "subjects" / inside)
    with pytest.raises(ValueError, match="would write among the files"):
        prepare(tmp_path / "subjects", tmp_path)


def test_a_second_run_with_other_settings_is_refused_while_the_first_goes_on(tmp_path):
    class Meanwhile(Made):
        def read(self, subject):
            with pytest.raises(ValueError, match=f"written by process {os.getpid()} on .* with other settings"):
                run(Made(), tmp_path, Preparation(size=16, spacing_mm=3.6538, frames=10))
            return super().read(subject)

    assert run(Meanwhile(), tmp_path) == 0
    assert set(statuses(tmp_path).values()) == {"accepted"}
    assert load_file(subject_file(tmp_path, "900000002"))["images"].shape[2] == SMALL.size
    assert run(Made(), tmp_path, Preparation(size=16, spacing_mm=3.6538, frames=10)) == 0


def test_nothing_usable_is_a_failure_with_a_table_and_so_is_a_target_that_cannot_be_made(tmp_path, capsys):
    assert run(Made(("dark", "explodes")), tmp_path) == 1
    assert set(statuses(tmp_path).values()) == {"rejected"}
    shown = capsys.readouterr().err
    assert "rejected: no-pulsation" in shown or "rejected: constant" in shown
    assert str(tmp_path / COHORT) in shown.replace("\n", "")
    (tmp_path / "file").write_text("no folder")
    assert run(Made(), tmp_path / "file" / "cache") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_single_file_that_cannot_be_written_costs_only_its_subject(tmp_path):
    long = "9" * 250
    assert run(Made(("900000001", long, "odd\udcff")), tmp_path) == 0
    assert statuses(tmp_path) == {"900000001": "accepted", long: "rejected", "odd\\udcff": "rejected"}


def test_another_way_of_preparing_makes_the_whole_cache_anew_and_the_cache_tells_which(tmp_path, monkeypatch):
    source = Made()
    run(source, tmp_path)
    run(source, tmp_path)
    assert len(source.reads) == 3
    before = read_method(tmp_path)
    monkeypatch.setattr(command, "METHOD", before + 1)
    run(source, tmp_path)
    assert len(source.reads) == 6
    assert read_method(tmp_path) == before + 1
    settings = tmp_path / SETTINGS
    settings.write_text(settings.read_text().replace('"method"', '"unknown"'))
    assert read_method(tmp_path) == 0, "of an earlier version"


def test_a_folder_of_files_goes_all_the_way(tmp_path):
    source, cache = tmp_path / "source", tmp_path / "cache"
    whole = study(frames=10, frame_ms=80.0)
    blood = whole.series[0].pixels > 250
    wall = binary_dilation(blood, np.ones((5, 5, 1, 1))) & ~blood
    whole.series[0].labels = (LV * blood + MYOCARDIUM * wall).astype(np.uint8)
    write_study(source, whole)
    write_study(source, study(("sa", "la_4ch"), "900000002", frames=10, frame_ms=80.0), unit="msec")
    write_image(source / "900000003" / "sa.nii.gz", series("sa", frames=1).pixels, whole.series[0].affine)
    (source / "900000004").mkdir()
    assert prepare(source, cache, preparation=SMALL) == 0
    table = read_cohort(cache).set_index("subject")
    assert table["status"].tolist() == ["accepted", "accepted", "rejected", "rejected"]
    assert table["planes"].tolist() == [12, 10, 0, 0]
    assert table["labelled"].tolist() == [True, False, False, False]
    assert table["views"].tolist()[:2] == ["sa,la_2ch,la_3ch,la_4ch", "sa,la_4ch"]
    np.testing.assert_allclose(table["beat_ms"].tolist()[:2], 800, rtol=1e-5)
    assert "one frame" in table.loc["900000003", "reasons"]


real = pytest.mark.skipif(not SHARED.is_dir(), reason="the real studies are not here")


@real
def test_the_real_human_is_centred_in_every_view_with_the_right_ventricle_towards_x(tmp_path):
    assert prepare(SHARED / "human_multiview", tmp_path) == 0
    row = read_cohort(tmp_path).iloc[0]
    assert (row.status, row.planes, row.sa_slices, row.frames, row.cine) == ("accepted", 9, 6, 25, True)
    assert row.beat_ms == pytest.approx(900, abs=80)
    tensors = load_file(subject_file(tmp_path, row.subject))
    lv, rv = (centroid(tensors, index) for index in (1, 3))
    assert np.linalg.norm((lv + rv)[:2] / 2) < 20
    assert (rv - lv)[0] > 30
    slices = tensors["slice"][tensors["view"] == 0]
    assert slices.tolist() == [5, 4, 3, 2, 1, 0]


def centroid(tensors, index):
    """Return where a class lies at frame 0, in heart mm, (3,)."""
    points = []
    for (plane, frame), labels in zip(tensors["labelled"], tensors["labels"], strict=True):
        rows, columns = np.nonzero(labels == index)
        if frame == 0 and len(rows):
            affine = tensors["affine"][plane].astype(float)
            points.append(np.stack([columns, rows], axis=1) @ affine[:3, :2].T + affine[:3, 3])
    return np.concatenate(points).mean(axis=0)


@real
def test_the_real_ed_es_stacks_are_kept_for_per_frame_tasks(tmp_path):
    files = NiftiFiles(
        images={"sa": EdEs("sax_ed.nii.gz", "sax_es.nii.gz")},
        labels=[LabelFile("sa", EdEs("sax_ed_seg.nii.gz", "sax_es_seg.nii.gz"), {1: "LV", 2: "myocardium"})],
    )
    assert prepare(SHARED / "sunnybrook", tmp_path, files) == 0
    table = read_cohort(tmp_path).set_index("subject")
    assert len(table) == 8
    assert not table["cine"].any()
    assert table["labelled"].all()
    assert (table["frames"] == 2).all()
    for subject in table.index:
        tensors = load_file(subject_file(tmp_path, subject))
        assert np.linalg.norm(centroid(tensors, 1)[:2]) < 40
        lv = (tensors["labels"] == 1).reshape(len(tensors["labels"]), -1).sum(axis=1)
        frame = tensors["labelled"][:, 1]
        assert lv[frame == 0].sum() > lv[frame == 1].sum()
        if subject == "SC-N-02":
            assert tensors["acquired"][:, 1].tolist() == [0] + [1] * 8


def test_withdrawn_participants_are_not_read_and_go_from_the_cache(tmp_path, caplog):
    source, cache = Made((*Made.names, "900000002_3")), tmp_path / "cache"
    assert run(source, cache) == 0
    (tmp_path / "w.csv").write_text("eid\n900000002\n900000777\n")
    gone = read_withdrawn(tmp_path / "w.csv")
    source.reads.clear()
    other = Preparation(size=32, spacing_mm=3.6538, frames=12)  # everybody is read again
    assert prepare_cohort(source, cache, other, {"files": "made"}, Workers(), gone) == 0
    assert source.reads == ["900000001", "900000003"] == read_cohort(cache)["subject"].tolist()
    assert "900000002" not in (cache / RECORDS).read_text()
    assert sorted(path.stem for path in (cache / "subjects").iterdir()) == source.reads
    assert "1 of 2 participants" in caplog.text
    assert f"2 files, 2 journal entries and 2 rows of tables were removed from {cache}, and none is left" in caplog.text
