import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cmr_ssl.cli import main
from tests.caches import COHORT
from tests.pages.test_browser import BROWSER, browse

EVIL = "<img src=x onerror=alert(1)>"
IDS = [*sorted(COHORT), EVIL]


@pytest.fixture
def files(tmp_path):
    vectors = np.random.default_rng(0).normal(0, 1, (len(IDS), 6)).astype(np.float32)
    vectors[2] = vectors[1] * 1.5  # the nearest by cosine, not by distance
    embeddings, table = tmp_path / "embeddings.parquet", tmp_path / "table.csv"
    pq.write_table(pa.table({"subject": IDS, "mean": pa.array(list(vectors), pa.list_(pa.float32()))}), embeddings)
    pd.DataFrame({"eid": IDS, "LVEF (%)": np.linspace(40, 70, len(IDS)), "site": EVIL}).to_csv(table, index=False)
    return embeddings, table, tmp_path / "map.html"


def explore(files, *more):
    names = ("--embeddings", "--table", "--out")
    return main(["explore", *(str(word) for pair in zip(names, files, strict=True) for word in pair), *map(str, more)])


def test_the_page_is_written_and_who_withdrew_is_not_in_it(files, cache, tmp_path, capsys):
    (tmp_path / "gone.txt").write_text(f"{IDS[5]}\n")
    assert explore(files, "--cache", cache, "--withdrawn", tmp_path / "gone.txt") == 0
    said = capsys.readouterr().out
    assert "24 subjects in" in said
    assert "do not share it" in said
    page = files[2].read_text()
    assert IDS[4] in page
    assert IDS[5] not in page


@pytest.mark.skipif(BROWSER is None, reason="no Chromium")
def test_a_browser_shows_a_subject_its_values_and_neighbours_without_a_complaint(files, cache, tmp_path):
    assert explore(files, "--cache", cache) == 0
    shown = files[2].rename(tmp_path / "map copy.html")

    class Address:
        def as_uri(self):
            return f"{shown.as_uri()}#{IDS[1]}"

    told = browse(Address(), tmp_path, "--dump-dom", "--window-size=1200,900")
    assert "CONSOLE" not in told.stderr
    panel = re.search(r'<aside id="panel".*?</aside>', told.stdout, re.S)[0]
    assert f"<h3>{IDS[1]}</h3>" in panel
    assert "data:image/webp" in panel
    assert "<td>LVEF (%)</td><td>41.25</td>" in panel
    nearest = re.search(r'class="neighbour".*?<span>(.*?)<small>cosine ([\d.]+)', panel)
    assert nearest.groups() == (IDS[2], "1.0000")
    assert EVIL not in told.stdout
    assert re.search(r'data-ready="yes"', told.stdout)
