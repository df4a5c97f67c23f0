from benchmarks.speed.gpu.report import page
from benchmarks.speed.gpu.results import note, read

PACE = {"what": "ours", "batch": 8, "seconds": 0.1, "flops": 1e12, "memory": float("nan")}


def test_the_page_has_speed_share_and_what_is_missing(tmp_path):
    note(
        tmp_path,
        "facts",
        {"device": "a device", "description": "It is.", "bfloat16": 4e14, "float32": 4e13, "copied": 4e12},
    )
    note(tmp_path, "training", PACE | {"what": "published", "batch": 1})
    note(tmp_path, "training", PACE | {"memory": 2.5e9})
    note(tmp_path, "training", PACE | {"what": "ours, compiled"})
    spent = {"products": 40.0, "attention": 10.0, "other": 30.0, "copies": 5.0, "launched": 900.0}
    note(tmp_path, "kernels", {"batch": 8} | spent)
    note(tmp_path, "failed", {"what": "loader", "why": "there was no time left"})
    text = page(tmp_path)
    assert text.startswith("# On a GPU: a device")
    assert "| ours | 8 | 100.0 | 80.0 | 8.0 x | 1.00 | 20% | 2.50 |" in text
    assert "| nothing runs | 20.0 | 20% |" in text
    assert "**Not measured:** loader (there was no time left)." in text
    assert "Fine-tuning" not in text


def test_a_profile_without_its_pace_is_left_out(tmp_path):
    rates = {"bfloat16": 4e14, "float32": 4e13, "copied": 4e12}
    note(tmp_path, "facts", {"device": "a device", "description": "It is."} | rates)
    spent = {"products": 40.0, "attention": 10.0, "other": 30.0, "copies": 5.0, "launched": 900.0}
    note(tmp_path, "kernels", {"batch": 8} | spent)
    assert "nothing runs" not in page(tmp_path)


def test_results_come_back_as_they_were_noted(tmp_path):
    note(tmp_path, "training", PACE)
    [found] = read(tmp_path)
    assert found.part == "training"
    assert found.values == PACE | {"memory": None}
