import pytest

from benchmarks.speed.scale import Gpu, StudyCost, core_seconds, document, needs

COST = StudyCost(zips_mb=30, nifti_mb=20, cache_mb=10, import_s=2.304, prepare_s=1.152)


def test_what_a_cohort_needs_is_what_a_study_takes_times_their_number():
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in needs(COST, Gpu("A", 100)).splitlines()]
    rows = {name: cells for name, *cells in lines}
    assert rows["what"] == ["14,000 studies", "100,000 studies", "1,000,000 studies"]
    assert rows["cache, TB"] == ["0.14", "1.0", "10.0"]
    assert rows["prepare, hours of 64 cores"] == ["0.07", "0.50", "5.0"]
    assert rows["... of 8"] == ["0.49", "3.5", "34.7"]  # 100 passes at 100 studies a second


def test_what_was_written_by_hand_stays():
    assert document(COST, Gpu("A", 100), 3, "\n\nBut see.\n").endswith("## Written by hand\n\n\nBut see.")


def test_a_command_that_fails_is_not_measured():
    with pytest.raises(RuntimeError):
        core_seconds(lambda: 1)
    assert core_seconds(lambda: 0) >= 0
