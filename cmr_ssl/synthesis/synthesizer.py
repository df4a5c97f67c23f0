"""Write planes that nobody acquired, subject by subject."""

from functools import partial
from pathlib import Path
from time import monotonic

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.files import digest
from cmr_ssl.inference.model import Model, load
from cmr_ssl.inference.prepared import Prepared
from cmr_ssl.journal import RECORDS, Record
from cmr_ssl.lock import exclusive_access
from cmr_ssl.report.tables import write_csv
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Shard, Steps, go_over
from cmr_ssl.sources import NiftiFolder
from cmr_ssl.sources.nifti_output import write_image
from cmr_ssl.study import Study
from cmr_ssl.synthesis.overview import draw
from cmr_ssl.synthesis.plane_requests import PlaneRequest

TABLE, JOURNALS = "synthesis.csv", ".synthesize"
Cine = NDArray[np.uint8]


def synthesize_folder(
    checkpoint: Path,
    folder: NiftiFolder,
    out: Path,
    request: PlaneRequest,
    device: str,
    shard: Shard,
    withdrawn: Withdrawn,
    overwrite: bool,
) -> Tally:
    """Synthesise the planes of every subject of a folder and return how many subjects ended how.

    Raises:
        FileNotFoundError: if checkpoint or subjects are missing.
        ValueError: if the checkpoint is of another kind, or there is no such shard.
    """
    model = load(checkpoint, device)
    model.check_planes()
    subjects = withdrawn.remaining(folder.subjects(), folder.folder)
    mine = shard.part(subjects)
    settings = digest({"model": model.description, "files": folder.files.settings(), "planes": repr(request)})
    journals = out / JOURNALS / settings  # each set of planes has its own, for they lie side by side
    journal = shard.journal(journals, settings)
    with Tally("synthesising", out, len(mine)) as tally, exclusive_access(shard.folder(journals), settings):
        shard.remove_halves(out)
        withdrawn.erase(out, ["*/synthetic*"], [f"{JOURNALS}/*/*/{RECORDS}"], [TABLE])
        steps = Steps(folder, partial(record, model, request, out), settings, out)
        go_over(mine, steps, journal, tally, partial(made, request, out), overwrite=overwrite)
        columns = ["subject", "files", "seconds", "problem"]
        rows = [
            {"subject": entry.subject, "problem": entry.problem, **dict(*entry.rows)}
            for entry in journal.latest(subjects)
        ]
        write_csv(out / TABLE, pd.DataFrame(rows, columns=columns))
        tally.close(out / TABLE)
    return tally


def record(model: Model, request: PlaneRequest, out: Path, subject: str, study: Study) -> Record:
    """Synthesise one subject and say which files there are and how long they took."""
    start = monotonic()
    synthesize_subject(model, model.prepare(study), request, out / subject)
    row = {"files": " ".join(file.name for file in made(request, out, subject)), "seconds": monotonic() - start}
    return Record(subject, "accepted", rows=[row])


def made(request: PlaneRequest, out: Path, subject: str) -> list[Path]:
    """Return the files of a subject."""
    return [out / subject / f"{name}.nii.gz" for name in request.names()]


def synthesize_subject(model: Model, heart: Prepared, request: PlaneRequest, out: Path) -> None:
    """Write the wanted planes of one heart and pictures of them; the files come last."""
    stacks = request.stacks(heart.planes, model.trained.preparation["spacing_mm"])
    planes = model.cines_at(heart, np.concatenate([stack.planes() for stack in stacks]))
    cines = np.split(planes, np.cumsum([stack.slices for stack in stacks])[:-1])
    draw(out, heart, stacks, cines)
    to_scanner = np.linalg.inv(heart.planes.to_heart)
    for stack, cine in zip(stacks, cines, strict=True):
        frame_ms = heart.beat_ms / cine.shape[1]
        data = cine.transpose(3, 2, 0, 1)  # (P, T, H, W) to (X, Y, S, T)
        write_image(out / f"{stack.name}.nii.gz", data, to_scanner @ stack.affine, frame_ms, model.description)
