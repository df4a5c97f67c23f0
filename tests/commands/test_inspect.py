import re
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from cmr_ssl.cli import main
from tests import studies
from tests.caches import COHORT
from tests.runs import refusal


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    studies.write_study(folder, studies.study(frames=8, frame_ms=110.0))
    (folder / "900000002").mkdir()
    (folder / "900000002" / "sa.nii.gz").write_bytes(b"not an image")
    studies.write_study(folder, studies.study(("la_4ch",), "900000003", frames=8, frame_ms=110.0))
    return folder


@pytest.fixture(scope="module")
def checkpoint(finished_run, tmp_path_factory):
    return shutil.copy(finished_run / "checkpoints" / "best.ckpt", tmp_path_factory.mktemp("model") / "best.ckpt")


def inspect(checkpoint, source, *more):
    return main(["inspect", "--checkpoint", str(checkpoint), "--source", str(source), *map(str, more)])


def test_studies_are_judged_by_what_is_usual_and_problems_are_named(checkpoint, source, cache, tmp_path, capsys):
    assert inspect(checkpoint, source) == 1
    assert "name a --cache of many studies once" in capsys.readouterr().err
    out = tmp_path / "out"
    assert inspect(checkpoint, source, "--cache", cache, "--subjects", 12, "--out", out) == 0
    said = capsys.readouterr().out
    assert "12 usual studies" in said
    assert re.search("900000002: .* cannot be read", said)
    assert "one plane only" in said
    table = pd.read_csv(out / "inspection.csv", keep_default_na=False).set_index("subject")
    assert table.loc[900000001, "plane"].tolist() == [*(f"sa {k}" for k in range(1, 10)), "la_2ch", "la_3ch", "la_4ch"]
    scores = pd.to_numeric(table.loc[900000001, "flaw_score"], errors="coerce")
    assert np.isfinite(scores.iloc[:10]).all()  # too few of the studies have the other views
    assert table.loc[900000002, "problem"] != ""
    with Image.open(out / "900000001.png") as picture:
        assert picture.width > 6 * 120
    (out / "900000001.png").write_bytes(b"")
    assert inspect(checkpoint, source, "--out", out) == 0  # now that it was learnt once
    assert (out / "900000001.png").stat().st_size == 0  # it was done already
    assert pd.read_csv(out / "inspection.csv", keep_default_na=False).set_index("subject").equals(table)
    assert inspect(checkpoint, source) == 0
    for shard in range(2):
        inspect(checkpoint, source, "--out", tmp_path / "parts", "--shard", shard, "--shards", 2)
    assert (tmp_path / "parts" / "inspection.csv").read_text() == (out / "inspection.csv").read_text()


def test_a_checkpoint_split_by_a_table_needs_it_to_learn_what_no_other_checkpoint_takes(
    checkpoint, source, cache, tmp_path, capsys
):
    stored = torch.load(checkpoint, weights_only=True)
    stored["CineDataModule"]["split"]["column"] = "fold"
    torch.save(stored, tmp_path / "split.ckpt")
    kept, table = tmp_path / "usual.json", tmp_path / "table.csv"
    folds = ["test", "train"] * (len(COHORT) // 2)
    pd.DataFrame({"eid": [*COHORT], "fold": folds}).to_csv(table, index=False)
    assert inspect(tmp_path / "split.ckpt", source, "--cache", cache) == 1
    assert "with --table FILE elsewhere" in capsys.readouterr().err
    learn = ["--cache", cache, "--table", table, "--calibration", kept]
    assert inspect(tmp_path / "split.ckpt", source, *learn) == 0
    assert f"{len(COHORT) // 2} usual studies" in capsys.readouterr().out
    assert inspect(checkpoint, source, "--calibration", kept) == 1
    assert "belongs to another checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "sentence"),
    [(["--subjects", "0"], "nothing is learnt from 0"), (["--cache", "nowhere"], "nowhere is no prepared cache")],
)
def test_mistakes_get_one_sentence(more, sentence, checkpoint, source, capsys):
    assert sentence in refusal(capsys, "inspect", "--checkpoint", checkpoint, "--source", source, *more)
