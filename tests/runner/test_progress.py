from pathlib import Path

from cmr_ssl.journal import Done
from cmr_ssl.runner.progress import MOST_REASONS, Tally


def test_the_summary_counts_statuses_and_names_the_most_frequent_reasons(capsys):
    with Tally("preparing", Path("somewhere"), 40) as tally:
        for number in range(12):
            tally.add(Done("f", "repaired", tuple(f"noted: kind{kind:02}" for kind in range(number + 1))))
        tally.add(Done("f", "rejected", ("rejected: no-pulsation",)))
        tally.add(Done("f", "accepted", ()))
        tally.close(Path("somewhere") / "cohort.parquet")
    assert tally.usable == 13
    shown = capsys.readouterr().err.splitlines()
    counts = {
        line.split()[0]: line.split()[1] for line in shown if line.strip()[:8] in ("accepted", "repaired", "rejected")
    }
    assert counts == {"accepted": "1", "repaired": "12", "rejected": "1"}
    reasons = [line.strip() for line in shown if "noted" in line]
    assert reasons == [f"{12 - kind}  noted: kind{kind:02}" for kind in range(MOST_REASONS)]
    assert "cohort.parquet" in [line for line in shown if line][-1]
