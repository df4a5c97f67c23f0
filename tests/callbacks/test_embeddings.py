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


def test_an_unreadable_subject_leaves_no_half_of_a_table(finished_run, tmp_path):
    broken = write_cache(tmp_path / "cache", COHORT)
    subject_file(broken, sorted(COHORT)[-1]).write_bytes(b"no planes")
    with pytest.raises(RuntimeError, match=sorted(COHORT)[-1]):
        embed(finished_run / "checkpoints" / "best.ckpt", broken, tmp_path / "out" / "e.parquet", workers=0)
    assert list((tmp_path / "out").iterdir()) == []
