import base64
import json
import re

import numpy as np
import pytest

from cmr_ssl.pages.explorer_page import PRIVATE, Explored, explorer_page
from cmr_ssl.pages.map_columns import CategoryColumn, MapColumns, NumberColumn
from cmr_ssl.pages.map_thumbnails import Thumbnails
from cmr_ssl.pages.subject_map import EmbeddedSubjects, nearest, principal_map

EVIL = "</script><b>x"


@pytest.fixture(scope="module")
def explored():
    vectors = np.random.default_rng(0).normal(0, 1, (4, 3)).astype(np.float32)
    columns = MapColumns(
        [
            NumberColumn("LVEF (%)", np.array([50, 60, np.nan, 70], np.float32), 50.0, 70.0),
            CategoryColumn(EVIL, np.array([0, -1, 0, 0], np.int16), [EVIL], [3], ["#332288"]),
        ],
        ["'free' has 200 different texts"],
        3,
    )
    embedded = EmbeddedSubjects(["1", "2", "3", EVIL], vectors, "mean", ["9"])
    return Explored(embedded, principal_map(vectors), nearest(vectors, 8), columns, Thumbnails([], "No thumbnails."))


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page)[1])


def test_the_page_holds_all_numbers_as_they_are(explored):
    data = data_of(explorer_page(explored, []))
    unpacked = np.frombuffer(base64.b64decode(data["neighbours"]), "<u4").reshape(4, 3)
    assert data["subjects"] == explored.embedded.subjects
    assert np.array_equal(unpacked, explored.neighbours.rows)
    values = np.frombuffer(base64.b64decode(data["columns"][0]["values"]), "<f4")
    assert np.array_equal(values, explored.table.columns[0].values, equal_nan=True)


def test_the_page_is_alone_always_the_same_and_says_who_may_see_it_and_what_is_missing(explored):
    page = explorer_page(explored, [("Table", EVIL)])
    assert page == explorer_page(explored, [("Table", EVIL)])
    assert EVIL not in page  # ids and names never become markup
    assert "://" not in page
    assert "default-src 'none'" in page
    for said in (PRIVATE, "1 subjects have no finite embedding", "1 of 4 subjects have no row", "No thumbnails."):
        assert said in page
    assert "&#39;free&#39; has 200 different texts" in page
    assert re.search(r"<noscript>.*Without JavaScript.*data:image/png.*</noscript>", page, re.S)
