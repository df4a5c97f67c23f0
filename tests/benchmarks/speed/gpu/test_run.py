import time

from benchmarks.speed.gpu.results import read
from benchmarks.speed.gpu.run import Verdict, measure_parts, parts
from benchmarks.speed.gpu.settings import REHEARSAL


def fail():
    raise RuntimeError("out of memory")


def test_what_fails_is_noted_and_the_rest_is_measured(tmp_path, capsys):
    works = [("training", fail), ("tests", lambda: [Verdict("all passed")])]
    measure_parts(tmp_path, works, time.time() + 60)
    failed, passed = read(tmp_path)
    assert failed.values == {"what": "training", "why": "RuntimeError: out of memory"}
    assert passed == ("tests", {"verdict": "all passed"})
    assert "out of memory" in capsys.readouterr().err


def test_what_there_is_no_time_for_is_noted(tmp_path):
    measure_parts(tmp_path, parts(REHEARSAL), time.time() - 1)
    found = read(tmp_path)
    assert {one.values["why"] for one in found} == {"there was no time left"}
    assert {"training", "kernels", "fine-tuning", "serving", "loader", "tests"} == {one.values["what"] for one in found}
