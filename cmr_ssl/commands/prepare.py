"""The command `prepare`: studies into a cache that is learnt from."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from cmr_ssl.cohort.cohort_table import write_cohort
from cmr_ssl.cohort.synthetic import synthetic_note
from cmr_ssl.cohort.withdrawal import NONE_WITHDRAWN, Withdrawn, read_withdrawn
from cmr_ssl.dicom.ukb_zips import find_zips, holds_zips
from cmr_ssl.files import check_apart, digest, remove_halves, save_text
from cmr_ssl.journal import RECORDS, Journal, Record, status_of
from cmr_ssl.lock import exclusive_access
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.preparation.cache import COHORT, FORMAT, SETTINGS, SUBJECTS, subject_file, write_subject
from cmr_ssl.preparation.preparation import METHOD, Preparation, prepare_study
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Steps, go_over
from cmr_ssl.sources import FIELD_FILES, NiftiFiles, NiftiFolder
from cmr_ssl.study import Source, Study
from cmr_ssl.workers import Workers

PUBLISHED = Preparation()


def prepare(
    source: Path,
    out: Path,
    files: NiftiFiles = FIELD_FILES,
    preparation: Preparation = PUBLISHED,
    workers: int = 1,
    scheduler: str = "",
    overwrite: bool = False,
    withdrawn: Path | None = None,
    prune: bool = False,
) -> int:
    """Prepare a folder of NIfTI studies, or of UK Biobank's zips, into a cache to learn from; run it again to continue.

    Args:
        source: folder with one sub-folder of NIfTI files a subject, or folder of <id>_20208_2_0.zip archives.
        out: the cache; made if absent.
        files: how a subject's NIfTI files are called.
        preparation: what every prepared subject has in common.
        workers: processes of this machine that work on subjects side by side.
        scheduler: address of a Dask scheduler, whose workers work instead, on disks they share with this command.
        overwrite: do everything again; with other settings than before that happens by itself.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.
        prune: remove the prepared files of subjects that the source no longer has, or that are rejected now; otherwise
            they stay, unused, for a disk may be away for a moment.

    Returns:
        Exit status: 0 if anything usable came out, else 1.

    Raises:
        FileNotFoundError: if the source holds no subject, or there is no list of those who withdrew.
        ValueError: if there is no worker, `out` lies in `source`, a command with other settings writes there, or that
            list cannot be used.
    """
    source, out = source.absolute(), out.absolute()  # workers elsewhere stand in other folders
    check_apart(source, out, [SUBJECTS])
    pool, withdrawals = Workers(workers, scheduler, (source, out)), read_withdrawn(withdrawn)
    studies: Source = NiftiFolder(source, files)
    reading: dict[str, object] = {"files": files.settings()}
    if holds_zips(source):
        studies = zips = find_zips(source)
        reading = {"archives": asdict(zips.limits)}
    note = synthetic_note(source)
    return prepare_cohort(studies, out, preparation, reading, pool, withdrawals, prune, note, overwrite)


def prepare_cohort(
    source: Source,
    cache: Path,
    preparation: Preparation,
    reading: dict[str, object],
    workers: Workers,
    withdrawn: Withdrawn = NONE_WITHDRAWN,
    prune: bool = False,
    origin: dict[str, object] | None = None,
    overwrite: bool = False,
) -> int:
    """Prepare every subject of any source; see the command `prepare`.

    Args:
        source: of the studies.
        cache: folder to write.
        preparation: settings of preparing.
        reading: settings of the source that change what is read.
        workers: see `Workers`.
        withdrawn: participants who withdrew.
        prune: whether unused prepared files are removed.
        origin: notes about the source for the cache's settings, which change nothing of what is prepared.
        overwrite: whether finished subjects are prepared again.
    """
    subjects = withdrawn.remaining(source.subjects(), "the source")
    settings = {"format": FORMAT, "method": METHOD, "preparation": asdict(preparation), **reading}
    settings_digest = digest(settings)
    with Tally("preparing", cache, len(subjects)) as tally, exclusive_access(cache, settings_digest):
        withdrawn.erase(cache, ["subjects/*.safetensors"], [RECORDS], [COHORT])
        open_cache(cache, settings | (origin or {}), settings_digest)
        work = partial(prepare_subject, preparation, cache, settings_digest)
        steps, journal = Steps(source, work, settings_digest, cache), Journal(cache / RECORDS, settings_digest)
        go_over(subjects, steps, journal, tally, lambda subject: [subject_file(cache, subject)], workers, overwrite)
        for folder in (cache, cache / SUBJECTS):
            remove_halves(folder)
        unused = unused_files(cache, journal, set(subjects))
        tally.close(write_cohort(cache, settings_digest, set(subjects)))
        tally.print(prune_files(unused, prune))
    return tally.status


def open_cache(cache: Path, settings: dict[str, object], settings_digest: str) -> None:
    """Write the settings of a cache; if they changed, remove its table first, so that no half rebuilt cache is used."""
    text = json.dumps({**settings, "digest": settings_digest}, indent=2, sort_keys=True) + "\n"
    path = cache / SETTINGS
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        (cache / COHORT).unlink(missing_ok=True)
        save_text(path, text)


def prepare_subject(preparation: Preparation, cache: Path, settings: str, subject: str, study: Study) -> Record:
    """Prepare and write one subject."""
    prepared, findings, acquired = prepare_study(study, preparation)
    if prepared is None or acquired is None:
        return Record(subject, "rejected", findings=findings)
    write_subject(cache, subject, prepared, settings)
    return Record(
        subject,
        status=status_of(findings),
        findings=findings,
        planes=len(prepared.view),
        sa_slices=int((prepared.view == VIEWS.index(SHORT_AXIS)).sum()),
        views=",".join(VIEWS[index] for index in np.unique(prepared.view)),
        frames=acquired.frames,
        cine=acquired.cine,
        beat_ms=acquired.beat_ms if np.isfinite(acquired.beat_ms) else None,
        spacing_mm=acquired.spacing_mm,
        labelled=len(prepared.labels) > 0,
    )


def unused_files(cache: Path, journal: Journal, subjects: set[str]) -> list[Path]:
    """Return the prepared files of subjects that are not in the source (withdrawn, renamed, away) or rejected."""
    latest = {record.subject: record.status for record in journal.records()}
    usable = {subject for subject, status in latest.items() if status != "rejected"} & subjects
    used = {subject_file(cache, subject).name for subject in usable}
    return [path for path in (cache / SUBJECTS).glob("*.safetensors") if path.name not in used]


def prune_files(unused: list[Path], prune: bool) -> str:
    """Remove unused prepared files if `prune`, and return a message about them."""
    for path in unused if prune else []:
        path.unlink(missing_ok=True)
    if not unused or prune:
        return f"{len(unused)} unused prepared files were removed." if unused else ""
    return (
        f"{len(unused)} prepared files are of subjects that the source no longer has, or that are rejected now: they "
        "are not in the table and not used; remove them with --prune true."
    )
