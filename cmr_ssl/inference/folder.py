"""Predict every subject of a folder straight from its images; cut at any moment, it goes on where it was."""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import cmr_ssl
from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.files import digest, save_text
from cmr_ssl.inference.label_maps import LabelMaps
from cmr_ssl.inference.model import Model, load
from cmr_ssl.inference.outputs import Prediction
from cmr_ssl.journal import Record, status_of
from cmr_ssl.lock import exclusive_access
from cmr_ssl.report.tables import write_csv
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Shard, Steps, go_over
from cmr_ssl.sources import NiftiFolder
from cmr_ssl.study import Finding, Study
from cmr_ssl.trust import ONLY_SYNTHETIC, problems
from cmr_ssl.volumes import MISSING, grouped

TABLE, JOURNALS, MADE_BY = "phenotypes.csv", ".predict", "made_by.json"
FOUND, STATUS = "findings", "status"
MADE = ("*/seg6_*.nii.gz", "*/overlay.png", "*/overlay.gif")
ROWS = 2  # which columns the table has and what they mean
PREDICTED, NOT_PREDICTED = "predicted", "not predicted"
Row = dict[str, object]


def predict_folder(
    checkpoint: Path,
    folder: NiftiFolder,
    out: Path,
    device: str,
    shard: Shard,
    withdrawn: Withdrawn,
    overwrite: bool,
) -> Tally:
    """Predict every subject of a folder that is not done, and return how many subjects ended how.

    Raises:
        FileNotFoundError: if checkpoint or subjects are missing.
        ValueError: if the checkpoint is of another kind, `out` holds predictions of another one, or there is no such
            shard.
    """
    model = load(checkpoint, device)
    if not {"predict", "segment"} & {*model.can}:
        kind = type(model.trained.task).__name__
        raise ValueError(f"{checkpoint} is of a {kind}, which predicts nothing: fine-tune it")
    subjects = withdrawn.leave(folder.subjects(), folder.folder)
    mine = shard.part(subjects)
    settings = digest({"checkpoint": model.fingerprint, "files": folder.files.settings(), "rows": ROWS})
    if model.trained.synthetic:
        print(f"Note: {ONLY_SYNTHETIC}.", file=sys.stderr)
    journals, made = out / JOURNALS, partial(_folder, out) if "segment" in model.can else None
    journal = shard.journal(journals, settings)
    with Tally("predicting", out, len(mine)) as tally, exclusive_access(shard.folder(journals), settings):
        lines = [f"{JOURNALS}/*.jsonl", *(f"{JOURNALS}/{name}" for name in shard.mine(journals))]
        shard.remove_halves(out)
        save_text(out / MADE_BY, json.dumps(made_by(model), indent=1))
        withdrawn.erase(out, MADE, lines, [TABLE])
        steps = Steps(folder, partial(predict_subject, model, out), settings, out)
        go_over(mine, steps, journal, tally, made, overwrite=overwrite, table=out / TABLE)
        write_csv(out / TABLE, pd.DataFrame([row_of(one) for one in journal.latest(subjects)]))
        tally.close(out / TABLE)
    return tally


def made_by(model: Model) -> dict[str, object]:
    """Return what predictions say of the program and the model that made them; no names, no paths."""
    task = type(model.trained.task).__name__
    about = {"task": task, "checkpoint": model.fingerprint, "synthetic": model.trained.synthetic}
    return {"cmr_ssl": cmr_ssl.__version__, "torch": str(torch.__version__)} | about


def predict_subject(model: Model, out: Path, subject: str, study: Study) -> Record:
    """Predict one subject and write its label maps; the record is rejected where there is no number to be had."""
    if "segment" in model.can:
        labels = model.segment(study)
        row, findings = of_labels(labels, out), labels.heart.findings
    else:
        prediction = model.predict(study)
        row, findings = of_values(prediction), prediction.findings
    return Record(
        subject, status_of(findings) if row[STATUS] == PREDICTED else "rejected", findings=findings, rows=[row]
    )


def row_of(record: Record) -> Row:
    """Return the table's row of a subject; whatever went wrong with it is its problem."""
    (row,) = record.rows or [{STATUS: NOT_PREDICTED, "problem": record.problem}]
    return {"subject": record.subject} | row


def _folder(out: Path, subject: str) -> list[Path]:
    return [out / subject]


def of_values(prediction: Prediction) -> Row:
    """Return the cells of predicted values."""
    values, why = prediction.values, {MISSING: prediction.reason} if prediction.reason else {}
    known = bool(np.isfinite([*values.values()]).any())
    return {STATUS: PREDICTED if known else NOT_PREDICTED} | said(prediction.findings) | values | why


def of_labels(labels: LabelMaps, out: Path) -> Row:
    """Write label maps and pictures of one subject; return the cells of its volumes, and why some are empty."""
    folder = out / labels.heart.study.subject
    labels.save(folder)
    labels.draw(folder)
    measured = labels.volumes()
    why = {MISSING: "; ".join(grouped(measured.reasons))}
    return {STATUS: PREDICTED} | said(labels.heart.findings) | measured.values | why


def said(findings: list[Finding]) -> Row:
    """Return the cells of what whoever uses a number must know of, and of everything that was found."""
    return {"problem": in_words(problems(findings)), FOUND: in_words(findings)}


def in_words(findings: list[Finding]) -> str:
    """Return findings as one cell of a table, severity first: a number is worth no more than its pictures."""
    parts = ((one.severity, *([one.where] if one.where else []), one.message) for one in findings)
    return "; ".join(dict.fromkeys(": ".join(part) for part in parts))
