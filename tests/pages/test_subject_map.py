import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cmr_ssl.pages.subject_map import nearest, principal_map, read_embeddings, umap_map


def write(path, vectors, subjects=None, **more):
    subjects = subjects or [str(900000001 + row) for row in range(len(vectors))]
    columns = {"subject": subjects, "class_token": pa.array(vectors, pa.list_(pa.float32()))}
    pq.write_table(pa.table(columns | more), path)
    return path


@pytest.mark.parametrize("shape", [(40, 6), (6, 40), (3, 2), (5, 1)])
def test_the_map_keeps_as_much_of_the_distances_as_two_directions_can(shape):
    vectors = np.random.default_rng(0).normal(5, 1, shape).astype(np.float32)
    made = principal_map(vectors)
    centred = vectors - vectors.mean(axis=0)
    expected = (np.linalg.svd(centred, compute_uv=False)[:2] ** 2).sum()
    assert made.places.shape == (shape[0], 2)
    assert (made.places.astype(float) ** 2).sum() == pytest.approx(expected, rel=1e-3)
    assert np.array_equal(made.places, principal_map(vectors).places)


def test_neighbours_are_the_most_alike_by_cosine_and_never_oneself():
    vectors = np.random.default_rng(1).normal(0, 1, (1500, 8)).astype(np.float32)
    found = nearest(vectors, 5)
    exact = vectors.astype(float) / np.linalg.norm(vectors.astype(float), axis=1, keepdims=True)
    similar = exact @ exact.T
    np.fill_diagonal(similar, -np.inf)
    assert np.array_equal(found.rows, np.argsort(-similar, axis=1)[:, :5])
    assert np.allclose(found.similarity, -np.sort(-similar, axis=1)[:, :5], atol=1e-5)
    assert nearest(vectors[:3], 8).rows.shape == (3, 2)


def test_subjects_without_a_finite_vector_are_left_out_and_named(tmp_path):
    path = write(tmp_path / "e.parquet", [[1, 2], None, [3, np.nan], [2, 1], [0, 1]])
    read = read_embeddings(path, None)
    assert read.subjects == ["900000001", "900000004", "900000005"]
    assert read.without == ["900000002", "900000003"]
    assert read.vectors.tolist() == [[1, 2], [2, 1], [0, 1]]


def test_the_first_preferred_vector_that_anybody_has_is_taken(tmp_path):
    vectors = [[1.0, 2.0], [2.0, 1.0], [0.0, 1.0]]
    nobody = pa.array([None] * 3, pa.list_(pa.float32()))
    path = write(tmp_path / "e.parquet", vectors, whole_heart=nobody, mean=pa.array(vectors, pa.list_(pa.float16())))
    assert read_embeddings(path, None).name == "class_token"
    assert read_embeddings(path, "mean").name == "mean"


@pytest.mark.parametrize(
    ("vectors", "options", "said"),
    [
        ([[1, 2], [2, 1]], {}, "of 2 subjects: a map takes 3"),
        ([[1, 2]] * 4, {}, "the same for all 4 subjects"),
        ([[1, 2], [1, 2, 3], [2, 1]], {}, "have 2 to 3 numbers"),
        ([[1, 2], [2, 1], [0, 1]], {"subjects": ["1", "2", "1"]}, "several rows of subject 1"),
        ([[np.nan, 1]] * 4, {}, "of 0 subjects"),
        ([None] * 4, {}, "no vector of anybody"),
    ],
)
def test_what_makes_no_map_is_said(tmp_path, vectors, options, said):
    with pytest.raises(ValueError, match=said):
        read_embeddings(write(tmp_path / "e.parquet", vectors, **options), None)


def test_a_file_of_something_else_is_said(tmp_path):
    path = write(tmp_path / "e.parquet", [[1, 2], [2, 1], [0, 1]])
    with pytest.raises(ValueError, match="no vector 'mean': choose among class_token"):
        read_embeddings(path, "mean")
    pq.write_table(pa.table({"subject": ["1"], "LVEF (%)": [1.0]}), path)
    with pytest.raises(ValueError, match="no column of subjects, or none of vectors"):
        read_embeddings(path, None)
    path.write_text("eid,a\n")
    with pytest.raises(ValueError, match="cannot be read as parquet"):
        read_embeddings(path, None)


def test_umap_is_an_offer_and_no_need(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ValueError, match="pip install umap-learn"):
        umap_map(np.eye(3, dtype=np.float32))
