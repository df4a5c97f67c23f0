from types import SimpleNamespace

from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.inference.embeddings import whole_cache
from tests.caches import PREPARATION, write_cache


def test_everybody_who_is_usable_and_has_not_withdrawn_is_embedded(tmp_path):
    people = {subject: (5, ("la_4ch",)) for subject in ("900000081", "900000081_3", "900000082", "900000083")}
    cache = write_cache(tmp_path / "cache", people, s900000083={"status": "rejected"})
    trained = SimpleNamespace(preparation={"size": PREPARATION.size, "frames": PREPARATION.frames}, views={"sa": 5})
    assert [*whole_cache(cache, trained).subjects] == ["900000081", "900000081_3", "900000082"]
    (tmp_path / "w.csv").write_text("900000081\n")
    assert [*whole_cache(cache, trained, read_withdrawn(tmp_path / "w.csv")).subjects] == ["900000082"]
