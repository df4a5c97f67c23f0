"""Predict every subject of a folder from its images, resuming where an earlier run stopped."""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import cmr_ssl
from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.conformal import WITHIN
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
from cmr_ssl.volumes import CONFIDENCE, MISSING, grouped

TABLE, JOURNALS, MADE_BY = "phenotypes.csv", ".predict", "made_by.json"
FINDINGS, STATUS = "findings", "status"
OUTPUTS = ("*/seg6_*.nii.gz", "*/overlay.png", "*/overlay.gif")
ROWS = 3  # version of the columns of the table
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
    """Predict the subjects of a folder that are not done; see the command `predict`."""
    model = load(checkpoint, device)
    if not {"predict", "segment"} & {*model.can}:
        kind = type(model.trained.task).__name__
        raise ValueError(f"{checkpoint} is of a {kind}, which predicts nothing: fine-tune it")
    subjects = withdrawn.remaining(folder.subjects(), folder.folder)
    shard_subjects = shard.part(subjects)
    settings = digest({"checkpoint": model.fingerprint, "files": folder.files.settings(), "rows": ROWS})
    if model.trained.synthetic:
        print(f"Note: {ONLY_SYNTHETIC}.", file=sys.stderr)
    journals = out / JOURNALS
    outputs = (lambda subject: [out / subject]) if "segment" in model.can else None
    journal = shard.journal(journals, settings)
    with Tally("predicting", out, len(shard_subjects)) as tally, exclusive_access(shard.folder(journals), settings):
        shard.remove_halves(out)
        save_text(out / MADE_BY, json.dumps(made_by(model), indent=1))
        journal_names = [f"{JOURNALS}/*.jsonl", *(f"{JOURNALS}/{name}" for name in shard.erasable(journals))]
        withdrawn.erase(out, OUTPUTS, journal_names, [TABLE])
        steps = Steps(folder, partial(predict_subject, model, out), settings, out)
        go_over(shard_subjects, steps, journal, tally, outputs, overwrite=overwrite, table=out / TABLE)
        write_csv(out / TABLE, pd.DataFrame([row_of(record) for record in journal.latest(subjects)]))
        tally.close(out / TABLE)
    return tally


def made_by(model: Model) -> dict[str, object]:
    """Return versions of the program and the model, without names and paths."""
    return {
        "cmr_ssl": cmr_ssl.__version__,
        "torch": str(torch.__version__),
        "task": type(model.trained.task).__name__,
        "checkpoint": model.fingerprint,
        "synthetic": model.trained.synthetic,
    }


def predict_subject(model: Model, out: Path, subject: str, study: Study) -> Record:
    """Predict one subject and write its label maps; the record is rejected where no number can be predicted."""
    if "segment" in model.can:
        labels = model.segment(study)
        row, findings = label_row(labels, out), labels.heart.findings
    else:
        prediction = model.predict(study)
        row, findings = value_row(prediction), prediction.findings
    status = status_of(findings) if row[STATUS] == PREDICTED else "rejected"
    return Record(subject, status, findings=findings, rows=[row])


def row_of(record: Record) -> Row:
    """Return the table's row of a subject, with the problem of a failed one."""
    (row,) = record.rows or [{STATUS: NOT_PREDICTED, "problem": record.problem}]
    return {"subject": record.subject} | row


def value_row(prediction: Prediction) -> Row:
    """Return the cells of predicted values."""
    values, reason = prediction.values, {MISSING: prediction.reason} if prediction.reason else {}
    status = PREDICTED if np.isfinite([*values.values()]).any() else NOT_PREDICTED
    within = {f"{name}{WITHIN}": width for name, width in prediction.within.items()}
    return {STATUS: status} | finding_cells(prediction.findings) | values | within | reason


def label_row(labels: LabelMaps, out: Path) -> Row:
    """Write label maps and pictures of one subject; return the cells of its volumes, and why some are empty."""
    folder = out / labels.heart.study.subject
    labels.save(folder)
    labels.draw(folder)
    measured = labels.volumes()
    reasons = {MISSING: "; ".join(grouped(measured.reasons))}
    confidence: Row = {f"{CONFIDENCE}{name}": round(value, 4) for name, value in labels.confidence.items()}
    return {STATUS: PREDICTED} | finding_cells(labels.heart.findings) | measured.values | confidence | reasons


def finding_cells(findings: list[Finding]) -> Row:
    """Return the cells of the findings that users of a number must know, and of all findings."""
    return {"problem": finding_text(problems(findings)), FINDINGS: finding_text(findings)}


def finding_text(findings: list[Finding]) -> str:
    """Return findings as one cell of a table, severity first."""
    parts = ((item.severity, *([item.where] if item.where else []), item.message) for item in findings)
    return "; ".join(dict.fromkeys(": ".join(part) for part in parts))
