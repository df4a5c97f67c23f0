"""Where the subjects of a cohort lie in a map of their embeddings, and who lies near whom."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cmr_ssl.cohort.withdrawal import NONE_WITHDRAWN, Withdrawn
from cmr_ssl.machine import raise_if_machine

Array = NDArray[np.float32]
Exact = NDArray[np.float64]

PREFERRED = ("whole_heart", "class_token", "mean", "landmarks")  # vectors that `embed` writes
FEWEST = 3  # subjects of a map
BLOCK = 1024  # subjects that are compared with all others at once
NO_FILE = "write it with `python -m cmr_ssl embed`"


class EmbeddedSubjects(NamedTuple):
    """The subjects whose vectors are known, sorted by id."""

    subjects: list[str]
    vectors: Array  # (N, D), finite
    name: str  # column of the vectors
    without: list[str]  # subjects of the file whose vector is missing or not finite


class SubjectMap(NamedTuple):
    """Places in the plane."""

    places: Array  # (N, 2)
    method: str  # that made them, in words


class Neighbours(NamedTuple):
    """The nearest others of each subject, the nearest first."""

    rows: NDArray[np.uint32]  # of the neighbours, (N, K)
    similarity: Array  # cosine, -1 to 1, (N, K)


def read_embeddings(path: Path, vector: str | None, withdrawn: Withdrawn = NONE_WITHDRAWN) -> EmbeddedSubjects:
    """Read one vector of each subject.

    Args:
        path: parquet file with a column `subject` and columns of lists of numbers, as `embed` writes it.
        vector: column to take; None for the first of `PREFERRED` that is known of anybody, else for the first one.
        withdrawn: participants to leave out.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is something else, has no such vector, two rows of one subject, vectors of different lengths,
            fewer than `FEWEST` finite ones, or only ones that are all the same.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no embeddings at {path}: {NO_FILE}")
    table, name = _read_vector(path, vector)
    subjects = [str(subject) for subject in table["subject"].cast(pa.string()).to_pylist()]
    if "None" in subjects:
        raise ValueError(f"{path} has a row without a subject: {NO_FILE}")
    twice = [subject for subject, rows in Counter(subjects).items() if rows > 1]
    if twice:
        raise ValueError(f"{path} has several rows of subject {twice[0]}: keep one row a subject")
    lengths = {length for length in pc.list_value_length(table[name]).to_pylist() if length}
    if len(lengths) > 1:
        raise ValueError(
            f"{path}: vectors {name} have {min(lengths)} to {max(lengths)} numbers: embed all subjects anew"
        )
    width = lengths.pop() if lengths else 0
    vectors = {subject: _vector(values, width) for subject, values in zip(subjects, table[name], strict=True)}
    subjects = sorted(withdrawn.remaining(subjects, path))
    known = [subject for subject in subjects if width and np.isfinite(vectors[subject]).all()]
    if len(known) < FEWEST:
        raise ValueError(f"{path} has finite vectors {name} of {len(known)} subjects: a map takes {FEWEST} or more")
    stacked = np.stack([vectors[subject] for subject in known])
    if (stacked == stacked[0]).all():
        raise ValueError(f"{path}: {name} is the same for all {len(known)} subjects: a model that collapsed wrote it")
    return EmbeddedSubjects(known, stacked, name, sorted({*subjects} - {*known}))


def _read_vector(path: Path, vector: str | None) -> tuple[pa.Table, str]:
    """Return the columns of ids and of a vector, and the name of the latter."""
    try:
        schema = pq.read_schema(path)
        choices = [field.name for field in schema if _is_vector(field.type)]
        if "subject" not in schema.names or not choices:
            raise ValueError(f"{path} has no column of subjects, or none of vectors: {NO_FILE}")
        if vector is not None and vector not in choices:
            raise ValueError(f"{path} has no vector {vector!r}: choose among {', '.join(choices)}")
        ordered = [name for name in PREFERRED if name in choices] or choices
        for name in ordered if vector is None else [vector]:
            table = pq.read_table(path, columns=["subject", name])
            if table[name].null_count < len(table):
                return table, name
    except (OSError, pa.ArrowException) as error:
        raise_if_machine(error)
        raise ValueError(f"{path} cannot be read as parquet ({error}): {NO_FILE}") from error
    raise ValueError(f"{path} has no vector of anybody: {NO_FILE}, with a checkpoint that makes what you ask for")


def _is_vector(kind: pa.DataType) -> bool:
    return (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and pa.types.is_floating(kind.value_type)


def _vector(values: pa.Scalar, width: int) -> Array:
    """Return one vector (D,), of NaN where it is missing."""
    if values.values is None or not len(values.values):
        return np.full(width, np.nan, np.float32)
    return np.asarray(values.values.to_numpy(zero_copy_only=False), dtype=np.float32)


def principal_map(vectors: Array) -> SubjectMap:
    """Return the first two principal components of vectors (N, D), in their own units, and the share they explain.

    The sign of a component, which is arbitrary, is that of its largest coordinate.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    wide = centred.shape[0] < centred.shape[1]
    values, basis = np.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    values, basis = values[::-1].clip(0), basis[:, ::-1][:, :2]
    places = basis * np.sqrt(values[:2]) if wide else centred @ basis
    if places.shape[1] == 1:  # vectors of one number
        places = np.column_stack([places, np.zeros(len(places))])
    signs = np.sign(places[np.abs(places).argmax(axis=0), [0, 1]])
    shares = [f"{100 * share:.0f} %" for share in (values / values.sum())[:2]]
    explained = " and ".join(shares) + " of the variance"
    return SubjectMap((places * np.where(signs == 0, 1, signs)).astype(np.float32), f"PCA: {explained}")


def umap_map(vectors: Array) -> SubjectMap:
    """Return places by UMAP with cosine distances and a fixed seed.

    Raises:
        ValueError: if the package is not installed.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise ValueError("--umap needs a package that is not installed: pip install umap-learn") from error
    near = min(15, len(vectors) - 1)
    made = UMAP(n_neighbors=near, metric="cosine", random_state=0, n_jobs=1, init="pca").fit_transform(vectors)
    return SubjectMap(
        np.asarray(made, dtype=np.float32), f"UMAP of {near} neighbours: distances between groups mean little"
    )


def nearest(vectors: Array, count: int) -> Neighbours:
    """Return the `count` others of the largest cosine similarity to each of the vectors (N, D)."""
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit = (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
    count = min(count, len(vectors) - 1)
    rows, similarity = zip(*_nearest_blocks(unit, count), strict=True)
    return Neighbours(np.concatenate(rows).astype(np.uint32), np.concatenate(similarity))


def _nearest_blocks(unit: Array, count: int) -> Iterator[tuple[NDArray[np.intp], Array]]:
    """Yield rows and similarities of the nearest of a block of subjects after the other; ties go by row."""
    for first in range(0, len(unit), BLOCK):
        similar = unit[first : first + BLOCK] @ unit.T
        own = np.arange(len(similar))
        similar[own, first + own] = -np.inf
        found = np.sort(np.argpartition(-similar, count - 1, axis=1)[:, :count], axis=1)
        values = np.take_along_axis(similar, found, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        yield np.take_along_axis(found, order, axis=1), np.take_along_axis(values, order, axis=1)
