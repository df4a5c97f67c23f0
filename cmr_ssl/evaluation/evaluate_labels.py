"""Compare two folders of label maps, subject by subject; run again, it goes on where it stopped."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.evaluation.evaluated import Evaluated
from cmr_ssl.evaluation.label_scores import WholeScore, compare_subject
from cmr_ssl.evaluation.paired_labels import PairedLabels
from cmr_ssl.evaluation.paired_values import PairedValues, SetAside
from cmr_ssl.files import digest
from cmr_ssl.journal import Record
from cmr_ssl.lock import exclusive_access
from cmr_ssl.overlap import Score
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Shard, Steps, go_over
from cmr_ssl.workers import Workers

JOURNALS = ".evaluation"
SCORES = 1  # version of what is kept of a subject


def evaluate_labels(
    labels: PairedLabels, out: Path, every_frame: bool, workers: Workers, withdrawn: Withdrawn, overwrite: bool
) -> Evaluated | None:
    """Compare every subject of both folders; None where the machine or the user stopped it.

    Raises:
        FileNotFoundError: if a folder is missing or holds no label map.
        ValueError: if they share no subject.
    """
    shared, alone = labels.subjects()
    subjects = withdrawn.remaining(shared, labels.predicted.folder)
    alone = [item for item in alone if not withdrawn.includes(item.subject)]
    sides = {
        name: [file.settings() for file in side.files] for name, side in (("is", labels.predicted), ("of", labels.true))
    }
    folders = {"predicted": str(labels.predicted.folder), "true": str(labels.true.folder)}
    settings = digest(sides | folders | {"scores": SCORES, "every_frame": every_frame})
    journal, folder = Shard().journal(out / JOURNALS, settings), Shard().folder(out / JOURNALS)
    with Tally("comparing", out, len(subjects)) as tally, exclusive_access(folder, settings):
        withdrawn.erase(out, journals=[f"{JOURNALS}/{name}" for name in Shard().erasable(out / JOURNALS)])
        steps = Steps(labels, partial(compare_subject, every_frame), settings, out)
        go_over(subjects, steps, journal, tally, workers=workers, overwrite=overwrite)
    return None if tally.stopped else evaluated(journal.latest(subjects), alone)


def evaluated(records: Sequence[Record], alone: Sequence[SetAside]) -> Evaluated:
    """Return the tables of all subjects from their records."""
    aside = [SetAside(record.subject, item.where, item.message) for record in records for item in record.findings]
    compared = [record for record in records if record.rows]
    index = [record.subject for record in compared]
    first, second = (
        pd.DataFrame([record.rows[0][side] for record in compared], index=index, dtype=np.float64)
        for side in ("predicted", "true")
    )
    nothing = pd.DataFrame(index=first.index)
    planes = pd.DataFrame([row for record in compared for row in record.rows[0]["planes"]], columns=Score._fields)
    wholes = pd.DataFrame([row for record in compared for row in record.rows[0]["wholes"]], columns=WholeScore._fields)
    return Evaluated(PairedValues(first, second, nothing, [*alone, *aside]), planes, wholes)
