import gzip

import pytest

from cmr_ssl.sources import NiftiFiles, NiftiFolder
from cmr_ssl.sources.nifti_image import read_image
from cmr_ssl.sources.nifti_paths import image_exists, locate, numbered, overlooked
from tests.studies import series, study, write_image, write_study


@pytest.fixture
def folder(tmp_path):
    return write_study(tmp_path, study(("sa", "la_4ch"), frames=10, frame_ms=80.0))


def read(folder):
    return NiftiFolder(folder.parent, NiftiFiles()).read(folder.name)


@pytest.mark.parametrize("name", ["sa", "la_4ch"])
def test_a_plain_file_is_read_where_a_packed_one_is_named(folder, name):
    before = NiftiFolder(folder.parent, NiftiFiles()).fingerprint(folder.name)
    (folder / f"{name}.nii").write_bytes(gzip.decompress((folder / f"{name}.nii.gz").read_bytes()))
    (folder / f"{name}.nii.gz").unlink()
    assert [one.view for one in read(folder).series] == ["sa", "la_4ch"]
    assert read(folder).findings == []
    assert NiftiFolder(folder.parent, NiftiFiles()).fingerprint(folder.name) != before


def test_a_packed_file_is_found_where_a_plain_one_is_named(folder):
    assert locate(folder, "sa.nii") == folder / "sa.nii.gz"
    assert image_exists(folder, "sa.nii")
    assert not image_exists(folder, "other.nii")
    assert locate(folder, "other.nii") == folder / "other.nii"


def test_both_are_read_if_they_are_one_and_named_if_they_differ(folder):
    packed = (folder / "sa.nii.gz").read_bytes()
    (folder / "sa.nii").write_bytes(gzip.decompress(packed))
    assert read(folder).findings == []
    one = series("sa", frames=10, seed=1)
    write_image(folder / "sa.nii", one.pixels, one.affine)
    (found,) = read(folder).findings
    assert (found.code, found.severity, found.where) == ("unreadable", "rejected", "sa")
    assert "sa.nii.gz and sa.nii are both there and differ" in found.message


@pytest.mark.parametrize("wrap", [gzip.decompress, gzip.compress, lambda packed: gzip.compress(gzip.compress(packed))])
def test_what_a_file_holds_counts_and_not_its_name(folder, wrap):
    whole = read_image(folder / "sa.nii.gz", "sa")[0]
    (folder / "sa.nii.gz").write_bytes(wrap((folder / "sa.nii.gz").read_bytes()))
    image, findings = read_image(folder / "sa.nii.gz", "sa")
    assert findings == []
    assert (image.pixels == whole.pixels).all()


@pytest.mark.parametrize("name", ["SA.nii.gz", "sa.nii.bz2", "sa.nrrd", "Sa.NII"])
def test_a_view_that_may_be_there_under_another_name_is_never_simply_missing(folder, name):
    (folder / "sa.nii.gz").rename(folder / name)
    found = [one for one in read(folder).findings if one.code == "unread-file"]
    assert [(one.severity, one.where) for one in found] == [("rejected", "sa")]
    assert name in found[0].message


def test_a_link_to_nowhere_and_a_folder_in_place_of_an_image_are_named_and_notes_are_not(folder):
    (folder / "sa.json").write_text("{}")
    (folder / "seg_sa.nii.gz").symlink_to(folder / "gone.nii.gz")
    assert overlooked(folder, ["sa.nii.gz", "seg_sa.nii.gz"]) == [("seg_sa.nii.gz", "seg_sa.nii.gz")]
    assert [(one.code, one.severity) for one in read(folder).findings] == [("unread-file", "noted")]
    (folder / "la_2ch.nii.gz").mkdir()
    assert overlooked(folder, ["la_2ch.nii.gz"]) == [("la_2ch.nii.gz", "la_2ch.nii.gz")]


@pytest.mark.parametrize(
    "names", [["sa (1).nii.gz"], ["sa_00.nii.gz", "sa_01.nii.gz"], ["sa_s03.nii"], ["SA-frame 7.NII"]]
)
def test_parts_and_copies_of_a_missing_image_are_found(tmp_path, names):
    for name in [*names, "sax.nii.gz", "sa_1.json", "._sa_1.nii.gz", "sa_rv.nii.gz"]:
        (tmp_path / name).touch()
    assert numbered(tmp_path, "sa.nii.gz") == names
    (tmp_path / "sa.nii").touch()
    assert numbered(tmp_path, "sa.nii.gz") == []
