import sys
import types

import pytest

import cmr_ssl
from tests.export.test_hub_folder import export
from tests.untrained import write_untrained


def test_a_hub_is_asked_only_where_that_is_wanted(tmp_path, monkeypatch):
    export(write_untrained(tmp_path / "best.ckpt", "phenotype"), "--hub", tmp_path / "hub")
    asked = []

    def snapshot_download(name, allow_patterns, local_files_only):
        asked.append((name, local_files_only))
        return str(tmp_path / "hub")

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(snapshot_download=snapshot_download))
    assert cmr_ssl.load("somebody/heart", "cpu").can == ("embed", "predict")
    assert cmr_ssl.load("somebody/heart", "cpu", download=True).can
    assert asked == [("somebody/heart", True), ("somebody/heart", False)]


def test_an_id_without_the_hubs_package_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(FileNotFoundError, match="pip install huggingface_hub"):
        cmr_ssl.load("somebody/heart")
