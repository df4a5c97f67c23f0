import json

import pytest

from cmr_ssl.cli import main
from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.synthetic import PHANTOM, copy_marker, is_synthetic
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.preparation.cache import read_settings
from tests import studies


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    for subject in ("a", "b", "c"):
        studies.write_study(folder, studies.study(("sa", "la_4ch"), subject, frames=8))
    return folder


def prepare(source, cache):
    size = ["--preparation.size", "24", "--preparation.spacing_mm", "5", "--preparation.frames", "8"]
    assert main(["prepare", "--source", str(source), "--out", str(cache), *size]) == 0
    return cache


def test_a_cache_and_its_checkpoints_know_whether_hearts_are_synthetic(source, tmp_path):
    real = prepare(source, tmp_path / "real")
    assert not is_synthetic(real)
    (source / PHANTOM).write_text(json.dumps({"seed": 0}))
    told = prepare(source, tmp_path / "told")
    for cache, synthetic in ((real, False), (told, True)):
        data = CineDataModule(str(cache), {"sa": 9}, workers=0)
        data.setup("predict")
        assert data.state_dict()["synthetic"] is synthetic
    (source / PHANTOM).unlink()


def test_where_hearts_come_from_does_not_change_what_is_prepared(source, tmp_path):
    cache = prepare(source, tmp_path / "cache")
    before, times = read_settings(cache), {path: path.stat().st_mtime_ns for path in cache.glob("subjects/*")}
    (source / PHANTOM).write_text("{}")
    prepare(source, cache)
    (source / PHANTOM).unlink()
    assert read_settings(cache) == before | {"synthetic": True}
    assert {path: path.stat().st_mtime_ns for path in cache.glob("subjects/*")} == times
    assert len(read_cohort(cache)) == 3


def test_an_import_takes_the_note_along(tmp_path):
    for name in ("from", "to"):
        (tmp_path / name).mkdir()
    copy_marker(tmp_path / "from", tmp_path / "to")
    assert not (tmp_path / "to" / PHANTOM).exists()
    (tmp_path / "from" / PHANTOM).write_text("{}")
    copy_marker(tmp_path / "from", tmp_path / "to")
    assert (tmp_path / "to" / PHANTOM).read_text() == "{}"
