"""Write the embedding of every subject of a cache to one parquet file, resuming where an earlier run stopped.

Rows are computed batch by batch and kept in parts in a hidden folder beside the file, a part at least once a minute.
With the last subject the parts are merged into the file, sorted by subject, and removed.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.subjects import usable
from cmr_ssl.cohort.withdrawal import NONE_WITHDRAWN, Withdrawn
from cmr_ssl.data.dataset import PlaneDataset, sample_shape
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.files import digest
from cmr_ssl.inference.embedding_columns import VERSION, EmbeddingColumns
from cmr_ssl.inference.model import Model, load
from cmr_ssl.inference.outputs import StudyEmbedding, embeddings_of
from cmr_ssl.inference.table_parts import PART, TableParts
from cmr_ssl.journal import Record
from cmr_ssl.lock import exclusive_access
from cmr_ssl.preparation.cache import check_prepared, read_settings
from cmr_ssl.preparation.cached_subjects import CachedSubjects
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Job, Shard, go_over_batches
from cmr_ssl.sample import readable, to_device
from cmr_ssl.study import Finding
from cmr_ssl.tasks.trained import Trained

PART_ROWS, PART_S = 256, 60.0  # a part is written when either is reached


def write_embeddings(
    checkpoint: Path,
    cache: Path,
    out: Path,
    columns: EmbeddingColumns,
    batch_size: int,
    workers: int,
    device: str,
    shard: Shard,
    withdrawn: Withdrawn,
    overwrite: bool,
) -> Tally:
    """Embed every subject of a cache that is not done; see the command `embed`."""
    model = load(checkpoint, device)
    model.encoder_task()
    dataset = whole_cache(cache, model.trained, withdrawn)
    subjects = dataset.subjects.tolist()
    prepared = str(read_settings(cache)["digest"])
    settings = digest({"checkpoint": model.fingerprint, "cache": prepared, "columns": VERSION, "stored": columns})
    parts = TableParts(out, columns.schema(), settings)
    journal = shard.journal(parts.folder, settings)
    shard_subjects = shard.part(subjects)
    with Tally("embedding", out, len(shard_subjects)) as tally, exclusive_access(shard.folder(parts.folder), settings):
        withdrawn.erase(parts.folder, journals=shard.erasable(parts.folder), tables=["*.parquet"])
        withdrawn.erase(out.parent, tables=[out.name])
        if shard.of == 1:
            parts.remove_unnamed(journal.records())
        in_table = parts.subjects_in_table()
        files = {record.subject: parts.file_of(record, in_table) for record in journal.records()}
        embed = Embedder(model, dataset, batch_size, workers, parts, columns, prepared_findings(cache))
        go_over_batches(shard_subjects, embed, journal, tally, lambda subject: [files[subject]], overwrite, out)
        records = journal.latest(subjects)
        with exclusive_access(parts.folder, settings):
            rows = parts.merge(records) if len(records) == len(subjects) else None
        if rows is None:
            tally.print(f"{len(records)} of {len(subjects)} subjects are embedded; {out} appears with the last of them")
        else:
            tally.print(f"{rows} embeddings of {model.encoder_task().encoder.width} features in {out}")
    return tally


def whole_cache(cache: Path, trained: Trained, withdrawn: Withdrawn = NONE_WITHDRAWN) -> PlaneDataset:
    """Return the usable subjects of `cache` who did not withdraw, as the checkpoint's encoder expects them.

    Raises:
        ValueError: if the cache was prepared otherwise than the checkpoint's data, or has no usable subject.
    """
    check_prepared(cache, trained.preparation)
    cohort = usable(read_cohort(cache, withdrawn), trained.views, 1, trained.preparation["frames"])
    if cohort.empty:
        raise ValueError(f"no usable subject in {cache}: its cohort table tells why")
    shape = sample_shape(trained.preparation, trained.views)
    return PlaneDataset(cache, sorted(cohort["subject"]), trained.views, shape)


def prepared_findings(cache: Path) -> dict[str, str]:
    """Return what `prepare` found about each subject of a cache, as its table has it."""
    cohort = read_cohort(cache)
    return dict(zip(cohort["subject"], cohort["reasons"], strict=True))


@dataclass(frozen=True)
class Embedder:
    """Embeds subjects batch by batch, read ahead by threads, into parts of the table.

    Attributes:
        model: its encoder embeds.
        dataset: the whole cache.
        batch_size: subjects a batch.
        workers: threads that read.
        parts: where rows are kept.
        columns: of the table.
        findings: of preparing, by subject.
    """

    model: Model
    dataset: PlaneDataset
    batch_size: int
    workers: int
    parts: TableParts
    columns: EmbeddingColumns
    findings: Mapping[str, str]

    def fingerprint(self, subject: str) -> str:
        """Return what changes when a subject is prepared anew."""
        return CachedSubjects(self.dataset.cache).fingerprint(subject)

    def __call__(self, jobs: Sequence[Job]) -> Iterator[list[Record]]:
        """Yield the records of subjects once the part that holds their rows is on disk."""
        fingerprints = {job.subject: job.fingerprint for job in jobs}
        pending: list[str] = []
        rows: list[StudyEmbedding] = []
        started = time.monotonic()
        for subjects, embedded in self.batches(list(fingerprints)):
            pending, rows = pending + subjects, rows + embedded
            full = len(pending) >= PART_ROWS or time.monotonic() - started > PART_S
            if full or subjects[-1] == jobs[-1].subject:
                part = self.parts.add([self.columns.row(row, self.findings[row.subject]) for row in rows])
                parts = {row.subject: part for row in rows}
                yield [self.record(subject, fingerprints[subject], parts.get(subject)) for subject in pending]
                pending, rows, started = [], [], time.monotonic()

    @torch.inference_mode()
    def batches(self, subjects: list[str]) -> Iterator[tuple[list[str], list[StudyEmbedding]]]:
        """Yield batches of subjects with the embeddings of those whose files can be read."""
        task = self.model.encoder_task()
        dataset = PlaneDataset(self.dataset.cache, subjects, self.dataset.slots, self.dataset.shape)
        for number, batch in enumerate(PlaneLoader(dataset, self.batch_size, self.workers)):
            kept = to_device(readable(batch), self.model.device)
            kept = kept._replace(images=kept.images.float() / 255)
            first = number * self.batch_size
            embedded = embeddings_of(kept, task.embed(kept)) if kept.subject else []
            yield subjects[first : first + self.batch_size], embedded

    def record(self, subject: str, fingerprint: str, part: str | None) -> Record:
        """Return the record of a subject; one without a part could not be read, and is tried again next time."""
        if part is not None:
            return Record(subject, "accepted", self.parts.settings, fingerprint, rows=[{PART: part}])
        message = "its prepared file cannot be read: delete it and run `prepare` again"
        return Record(subject, "rejected", self.parts.settings, "", [Finding("unreadable", "rejected", "", message)])
