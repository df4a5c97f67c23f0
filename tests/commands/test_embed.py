import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.commands.embed import embed
from cmr_ssl.data.dataset import PlaneDataset
from tests import caches
from tests.caches import COHORT, FRAMES, SIZE, write_cache

SHAPE = (12, FRAMES, SIZE, SIZE)


@pytest.fixture(scope="module")
def checkpoint(finished_run):
    return finished_run / "checkpoints" / "best.ckpt"


@pytest.fixture(scope="module")
def table(checkpoint, cache, tmp_path_factory):
    out = tmp_path_factory.mktemp("embeddings") / "deep" / "embeddings.parquet"
    assert embed(checkpoint, cache, out, batch_size=5, workers=0, device="cpu") == 0
    assert not [*out.parent.rglob(".*.parts/*.parquet")]
    return pd.read_parquet(out).set_index("subject")


def test_every_usable_subject_has_one_row_of_its_own_with_the_views_of_its_planes(table):
    assert list(table.index) == sorted(COHORT)
    assert table["class_token"].map(tuple).nunique() == table["whole_heart"].map(tuple).nunique() == len(COHORT)
    for subject, (slices, views) in COHORT.items():
        assert sorted(table.loc[subject, "plane_views"]) == sorted([*views, *["sa"] * min(slices, 9)])


@pytest.mark.parametrize("subject", list(COHORT)[:3])
def test_vectors_equal_those_of_the_present_planes_alone(table, cache, checkpoint, subject):
    pretrained = load_encoder(checkpoint)
    sample = PlaneDataset(cache, [subject], pretrained.views, SHAPE)[0]
    there = sample.present
    images = sample.images[there][None] / 255
    with torch.no_grad():
        class_token, tokens, *_ = pretrained.encoder.encode_planes(
            images, sample.affine[there][None], there[there][None]
        )
    row = table.loc[subject]
    close = {"atol": 1e-4, "rtol": 1e-4}
    torch.testing.assert_close(torch.tensor(row["class_token"]), class_token[0], **close)
    torch.testing.assert_close(torch.tensor(row["mean"]), tokens[0].mean(dim=0), **close)
    planes = torch.stack([torch.tensor(vector) for vector in row["plane_means"]])
    torch.testing.assert_close(planes, tokens[0].unflatten(0, (-1, 8)).mean(dim=1), **close)


def test_what_prepare_found_stands_beside_the_vectors(checkpoint, cache, tmp_path):
    mine, out = tmp_path / "cache", tmp_path / "e.parquet"
    shutil.copytree(cache, mine)
    cohort = pd.read_parquet(mine / "cohort.parquet")
    cohort.loc[cohort["subject"] == "900000081", "reasons"] = "sa: the place is a guess"
    cohort.to_parquet(mine / "cohort.parquet", index=False)
    assert embed(checkpoint, mine, out, workers=0, device="cpu") == 0
    findings = pd.read_parquet(out).set_index("subject")["findings"]
    assert findings["900000081"] == "sa: the place is a guess"
    assert (findings.drop("900000081") == "").all()


def done_by(out, shard):
    """Return the subjects that a command embedded itself, by its journal."""
    journal = out.with_name(f".{out.name}.parts") / shard / "records.jsonl"
    return sorted(json.loads(line)["subject"] for line in journal.read_text().splitlines())


def test_a_command_does_what_no_other_did_and_the_last_one_writes_the_table(table, checkpoint, cache, tmp_path):
    mine, out = tmp_path / "cache", tmp_path / "e.parquet"
    shutil.copytree(cache, mine)
    asked = {"workers": 0, "device": "cpu"}
    assert embed(checkpoint, mine, out, shard=1, shards=3, **asked) == 0
    assert not out.exists()
    assert embed(checkpoint, mine, out, **asked) == 0
    assert done_by(out, "0-of-1") == sorted({*COHORT} - {*done_by(out, "1-of-3")})
    again = pd.read_parquet(out).set_index("subject")
    assert list(again.index) == list(table.index)
    np.testing.assert_allclose(np.stack(again["mean"]), np.stack(table["mean"]), atol=1e-4)
    changed = sorted(COHORT)[0]
    os.utime(mine / "subjects" / f"{changed}.safetensors", ns=(1, 1))
    before = out.stat().st_mtime_ns
    assert embed(checkpoint, mine, out, **asked) == 0
    assert done_by(out, "0-of-1").count(changed) == 1 + (changed not in done_by(out, "1-of-3"))
    assert out.stat().st_mtime_ns > before
    once_more = out.stat().st_mtime_ns
    assert embed(checkpoint, mine, out, **asked) == 0
    assert out.stat().st_mtime_ns == once_more


def test_a_table_of_something_else_is_not_replaced_unasked_and_who_withdrew_goes(checkpoint, cache, tmp_path):
    out, gone = tmp_path / "e.parquet", sorted(COHORT)[1]
    pd.DataFrame({"subject": ["900000009"]}).to_parquet(out)
    asked = {"workers": 0, "device": "cpu"}
    with pytest.raises(ValueError, match="--overwrite"):
        embed(checkpoint, cache, out, **asked)
    assert embed(checkpoint, cache, out, overwrite=True, **asked) == 0
    assert gone in set(pd.read_parquet(out)["subject"])
    (tmp_path / "withdrawn.txt").write_text(gone)
    assert embed(checkpoint, cache, out, withdrawn=tmp_path / "withdrawn.txt", **asked) == 0
    assert set(pd.read_parquet(out)["subject"]) == {*COHORT} - {gone}
    assert gone not in done_by(out, "0-of-1")


def test_a_cache_prepared_otherwise_or_without_usable_subjects_is_refused(checkpoint, tmp_path, monkeypatch):
    none = write_cache(tmp_path / "none", {"900000001": (5, ())}, s900000001={"status": "rejected"})
    with pytest.raises(ValueError, match="no usable subject in"):
        embed(checkpoint, none, tmp_path / "e.parquet", workers=0)
    other = {"preparation": caches.SETTINGS["preparation"] | {"spacing_mm": 4.0}}
    monkeypatch.setattr(caches, "SETTINGS", other)
    write_cache(tmp_path / "other", {"900000001": (5, ())})
    with pytest.raises(ValueError, match=r"another spacing_mm than .*spacing_mm 8\.0"):
        embed(checkpoint, tmp_path / "other", tmp_path / "e.parquet", workers=0)
    assert not (tmp_path / "e.parquet").exists()
