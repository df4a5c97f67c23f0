import time

from benchmarks.gpu import measuring
from benchmarks.gpu.effort import REHEARSAL
from benchmarks.gpu.results import read


def test_what_fails_is_noted_and_the_rest_is_measured(tmp_path, monkeypatch, capsys):
    def fail():
        raise RuntimeError("out of memory")

    parts = [("training", fail), ("loader", lambda: measuring.note(tmp_path, "loader", {"workers": 1}))]
    monkeypatch.setattr(measuring, "facts", lambda out, effort: None)
    monkeypatch.setattr(measuring, "everything", lambda out, effort: iter(parts))
    measuring.measure(tmp_path, REHEARSAL, time.time() + 60)
    failed, loader = read(tmp_path)
    assert failed.values == {"what": "training", "why": "RuntimeError: out of memory"}
    assert loader.part == "loader"
    assert "out of memory" in capsys.readouterr().err


def test_what_there_is_no_time_for_is_noted(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "facts", lambda out, effort: None)
    measuring.measure(tmp_path, REHEARSAL, time.time() - 1)
    found = read(tmp_path)
    assert {one.values["why"] for one in found} == {"there was no time left"}
    assert {"training", "fine-tuning", "serving", "loader", "tests"} == {one.values["what"] for one in found}
