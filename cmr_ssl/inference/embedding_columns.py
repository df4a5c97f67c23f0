"""The columns of a table of embeddings: which vectors of a study, and how precise."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from cmr_ssl.inference.outputs import StudyEmbedding

PLANES = ("plane_views", "plane_means")
VECTORS = ("whole_heart", "landmarks", "class_token", "mean", *PLANES)
VERSION = 3  # of what the columns hold


class EmbeddingColumns(NamedTuple):
    """Which vectors of a study a table has, beside its id and what `prepare` found about it.

    Attributes:
        vectors: some of `VECTORS`.
        half: whether numbers are stored in 16 bits, of 3 digits, instead of 32.
    """

    vectors: tuple[str, ...] = VECTORS
    half: bool = False

    def schema(self) -> pa.Schema:
        """Return the columns of the table."""
        vector = pa.list_(pa.float16() if self.half else pa.float32())
        special = {"plane_views": pa.list_(pa.string()), "plane_means": pa.list_(vector)}
        columns = [(name, special.get(name, vector)) for name in self.vectors]
        return pa.schema([("subject", pa.string()), *columns, ("findings", pa.string())])

    def row(self, embedding: StudyEmbedding, findings: str) -> dict[str, object]:
        """Return the row of a study."""
        values = {name: self._stored(getattr(embedding, name)) for name in self.vectors}
        return {"subject": embedding.subject} | values | {"findings": findings}

    def _stored(self, value: object) -> object:
        if isinstance(value, list):
            return [self._stored(vector) for vector in value]
        return value.astype(np.float16) if self.half and isinstance(value, np.ndarray) else value


def columns_of(names: Sequence[str] | None, half: bool) -> EmbeddingColumns:
    """Return the columns with these names, all for None.

    Raises:
        ValueError: if there is no such vector, or none is asked for.
    """
    if names is None:
        return EmbeddingColumns(half=half)
    unknown = sorted({*names} - {*VECTORS})
    if unknown or not names:
        raise ValueError(f"columns {', '.join(unknown) or 'without a name'}: choose among {', '.join(VECTORS)}")
    return EmbeddingColumns(tuple(name for name in VECTORS if name in names), half)
