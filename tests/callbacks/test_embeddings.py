import shutil

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.data.cache import subject_file
from cmr_ssl.report.embed import embed
from tests.caches import COHORT, write_cache
from tests.runs import run


@pytest.fixture
def run_folder(finished_run, tmp_path):
    """Return a copy of a finished run that a test may go on with."""
    return shutil.copytree(finished_run, tmp_path / "run")


def test_predict_writes_what_embed_writes(cache, run_folder, tmp_path):
    assert run(cache, run_folder, "--ckpt_path", "best", command="predict") == 0
    embed(run_folder / "checkpoints" / "best.ckpt", cache, tmp_path / "embed.parquet", workers=0, device="cpu")
    predicted, embedded = (
        pd.read_parquet(path) for path in (run_folder / "embeddings.parquet", tmp_path / "embed.parquet")
    )
    assert sorted(predicted["subject"]) == sorted(COHORT)
    for name in ("class_token", "mean"):
        one, other = (np.stack(table.set_index("subject").loc[list(COHORT), name]) for table in (predicted, embedded))
        np.testing.assert_allclose(one, other, atol=1e-4)


def broken_cache(folder, subjects):
    """Return a cache in which the files of `subjects` are damaged."""
    cache = write_cache(folder, COHORT)
    for subject in subjects:
        subject_file(cache, subject).write_bytes(b"no planes")
    return cache


def test_an_unreadable_subject_is_named_left_out_and_not_counted(finished_run, tmp_path, caplog, capsys):
    *others, last = sorted(COHORT)
    broken, out = broken_cache(tmp_path / "cache", [last]), tmp_path / "e.parquet"
    assert embed(finished_run / "checkpoints" / "best.ckpt", broken, out, workers=0) == 0
    assert list(pd.read_parquet(out)["subject"]) == others
    assert f"subject {last}" in caplog.text
    assert f"{len(others)} embeddings" in capsys.readouterr().out


def test_a_cache_that_cannot_be_read_leaves_no_half_of_a_table(finished_run, tmp_path):
    broken = broken_cache(tmp_path / "cache", sorted(COHORT)[1:])
    with pytest.raises(RuntimeError, match="is the disk still there"):
        embed(finished_run / "checkpoints" / "best.ckpt", broken, tmp_path / "out" / "e.parquet", workers=0)
    assert list((tmp_path / "out").iterdir()) == []
