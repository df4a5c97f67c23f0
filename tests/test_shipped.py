import pytest

from cmr_ssl.shipped import names, shipped, with_paths
from tests.runs import ROOT, refusal

PHENOTYPE = str(ROOT / "configs" / "phenotype.yaml")


@pytest.mark.parametrize("name", ["phenotype", "phenotype.yaml", "configs/phenotype.yaml"])
def test_a_config_is_found_by_name_wherever_the_command_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert with_paths(["--config", name, f"--config={name}"]) == ["--config", PHENOTYPE, f"--config={PHENOTYPE}"]


def test_a_file_of_ones_own_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "phenotype").touch()
    assert with_paths(["--config", "phenotype"]) == ["--config", "phenotype"]


def test_a_folder_of_the_same_name_is_no_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "phenotype").mkdir()
    assert with_paths(["--config", "phenotype", "-c", "phenotype"]) == ["--config", PHENOTYPE, "-c", PHENOTYPE]
    with pytest.raises(FileNotFoundError, match="no config of that name"):
        with_paths(["--config", ""])


def test_each_option_looks_in_its_own_folder_and_leaves_alone_what_it_does_not_know():
    places = [str(ROOT / "configs" / name) for name in ("sources/acdc.yaml", "preparation/small.yaml")]
    assert with_paths(["--files", "acdc", "--preparation", "small"])[1::2] == places
    untouched = ["--preparation", "{frames: 2}", "--data.views", "acdc", "--config.key", "phenotype", "acdc"]
    assert with_paths(untouched) == untouched


def test_unknown_configs_and_settings_are_refused_with_those_there_are(capsys):
    assert "phenotype, phenotype_resnet, pretraining" in refusal(capsys, "fit", config="phenotyp")
    assert "acdc, mnms, mnms2" in refusal(capsys, "prepare", source="in", out="out", files="acdcs")


def test_every_config_has_a_name():
    assert {"demo", "phenotype", "pretraining", "segmentation"} <= set(names())
    assert shipped("robust", "additions") == ROOT / "configs/additions/robust.yaml"
