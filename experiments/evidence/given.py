"""The probe table of given checkpoints of pretrainings, beside all controls."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from cmr_ssl.workers import pool
from experiments.evidence.arms import CONTROLS, controls, pretrained
from experiments.evidence.results import predictions, write_tables
from experiments.evidence.run import carry_out
from experiments.evidence.studies import Study
from experiments.evidence.tables import error_table, reduction_table


def probe_checkpoints(
    study: Study, checkpoints: Sequence[Path], arms: Sequence[str], apart: bool, workers: int
) -> None:
    """Write and print what checkpoints are worth.

    Args:
        study: on whom.
        checkpoints: of one encoder.
        arms: what is made of them.
        apart: whether they are ways to pretrain, not seeds of one.
        workers: processes.
    """
    sources = [*controls(checkpoints[0]), *(pretrained(path, *arms) for path in checkpoints)]
    with pool(workers) as processes:
        carry_out(processes, study, sources)
    found = predictions(study.out)
    found = found[found["pretraining"].isin({source.name for source in sources})]
    if apart:
        pretrainings = found["pretraining"].where(~found["arm"].isin(CONTROLS), "")
        found["arm"] = (found["arm"] + " " + pretrainings).str.strip()
    ours = [arm for arm in found["arm"].unique() if arm not in CONTROLS]
    errors, differences = write_tables(study.out, found, [(arm, other) for arm in ours for other in CONTROLS])
    text = "\n\n".join([*error_table(errors), *reduction_table(differences)])
    (study.out / "probe.md").write_text(text + "\n")
    Console(width=200).print(Markdown(text))
