import pytest
import yaml

from cmr_ssl.commands.prepare import prepare
from cmr_ssl.sources import EdEs, LabelFile, NiftiFiles
from cmr_ssl.sources.nifti_files import names_of
from tests.runs import ROOT

CONFIGS = sorted((ROOT / "configs" / "sources").glob("*.yaml"))


def parse(config):
    jsonargparse = pytest.importorskip("jsonargparse")
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_function_arguments(prepare)
    return parser.instantiate(parser.parse_args(["--source=a", "--out=b", f"--files={config}"])).files


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_source_config_is_a_mapping(config):
    written = yaml.safe_load(config.read_text())
    parsed = parse(config)
    assert list(parsed.images) == list(written["images"])
    assert [label.view for label in parsed.labels] == [label["view"] for label in written["labels"]]


def test_the_written_out_default_is_the_default_and_an_entry_one_file_or_an_ed_es_pair():
    config = next(path for path in CONFIGS if path.stem == "nifti_folder")
    assert parse(config) == NiftiFiles()
    assert names_of("sa.nii.gz") == ("sa.nii.gz",)
    assert names_of(EdEs(ed="a", es="b")) == ("a", "b")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: NiftiFiles(images={"sax": "sa.nii.gz"}), "'sax'"),
        (lambda: NiftiFiles(images={}), "no image files"),
        (lambda: NiftiFiles(images={"sa": "{subject}_{ED}.nii.gz"}), r"nothing tells \{ED\}"),
        (lambda: LabelFile("la_5ch", "seg.nii.gz", {1: "LV"}), "'la_5ch'"),
        (lambda: LabelFile("sa", "seg.nii.gz", {1: "lv"}), "'lv'"),
        (lambda: LabelFile("sa", "seg.nii.gz", {1: "LV"}, unlabelled=1), "1 cannot be unlabelled, as it is a class"),
        (lambda: EdEs("ed", "es", ed_frame=1), "both ed_frame and es_frame"),
    ],
)
def test_typos_are_refused_at_once(make, why):
    with pytest.raises(ValueError, match=why):
        make()


def test_what_nobody_set_does_not_stand_in_the_settings_of_a_cache():
    assert set(NiftiFiles().settings()) == {"images", "labels"}
    assert "unlabelled" not in LabelFile("sa", "seg.nii.gz", {1: "LV"}).settings()
    assert LabelFile("sa", "seg.nii.gz", {1: "LV"}, 4).settings()["unlabelled"] == 4
    assert NiftiFiles(images={"sa": EdEs("a", "b")}).settings()["images"] == {"sa": {"ed": "a", "es": "b"}}
