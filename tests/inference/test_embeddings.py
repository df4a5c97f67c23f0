import pytest

from cmr_ssl.inference.embeddings import EmbeddingFile


def test_a_table_that_is_interrupted_is_no_table(tmp_path):
    out = tmp_path / "out" / "hearts.parquet"
    with pytest.raises(KeyboardInterrupt), EmbeddingFile(out):
        raise KeyboardInterrupt
    assert [*out.parent.iterdir()] == []
