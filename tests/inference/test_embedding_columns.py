import numpy as np
import pyarrow as pa
import pytest

from cmr_ssl.inference.embedding_columns import VECTORS, columns_of
from cmr_ssl.inference.outputs import StudyEmbedding

VECTOR = np.linspace(0, 1, 4, dtype=np.float32)
STUDY = StudyEmbedding("900000001", None, VECTOR, VECTOR + 1, VECTOR + 2, ["sa", "sa"], [VECTOR, VECTOR])


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("names", [None, ["mean"], ["plane_means", "class_token"]])
def test_a_table_has_the_vectors_that_were_asked_for_and_what_was_found(names, half):
    columns = columns_of(names, half)
    table = pa.Table.from_pylist([columns.row(STUDY, "noted: x")], columns.schema())
    assert {*table.column_names} == {"subject", "findings", *(names or VECTORS)}
    row = table.to_pandas().iloc[0]
    for name in {*table.column_names} & {"landmarks", "class_token", "mean"}:
        assert row[name].dtype == (np.float16 if half else np.float32)
        np.testing.assert_allclose(row[name], getattr(STUDY, name), atol=1e-3 if half else 0)
    assert "plane_means" not in row or len(row["plane_means"]) == 2


@pytest.mark.parametrize("names", [["class"], [], ["mean", "subject"]])
def test_a_vector_that_does_not_exist_is_named(names):
    with pytest.raises(ValueError, match=r"columns .*: choose among whole_heart, landmarks"):
        columns_of(names, False)
