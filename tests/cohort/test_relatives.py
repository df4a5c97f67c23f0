import numpy as np
import pytest

from cmr_ssl.cohort.relatives import Visit, families, read_pairs, visit_of


def test_a_later_visit_is_of_the_same_person():
    assert visit_of("900000001") == Visit("900000001", 2)
    assert visit_of("900000001_3") == Visit("900000001", 3)
    assert visit_of("SC_HF_3") == Visit("SC_HF_3", 2)
    assert visit_of("900000001_33") == Visit("900000001_33", 2)


def test_relatives_of_relatives_are_a_family_even_of_people_in_no_cohort_and_all_others_are_alone():
    pairs = [("5", "3"), ("3", "9"), ("9", "2"), ("8", "7")]
    assert families(["5", "2", "8", "4"], pairs) == ["2", "2", "7", "4"]
    assert families(["900000002", "900000001", "900000002"], []) == ["900000002", "900000001", "900000002"]


def test_families_agree_with_walking_from_person_to_person():
    rng = np.random.default_rng(0)
    people = [f"{k:03d}" for k in range(60)]
    pairs = [tuple(map(str, rng.choice(people, 2))) for _ in range(40)]
    reached = {person: person for person in people}
    for _ in people:
        for one, other in pairs:
            reached[one] = reached[other] = min(reached[one], reached[other])
    assert families(people, pairs) == [reached[person] for person in people]


@pytest.mark.parametrize(
    "text", ["ID1 ID2 HetHet IBS0 Kinship\n1 2 0.1 0.2 0.3\n4 3 0 0 0\n", "1,2\n4,3\n", "\ufeff1\t2\n\n4\t3"]
)
def test_pairs_are_the_first_two_columns_of_any_text(tmp_path, text):
    (tmp_path / "kin.dat").write_text(text)
    assert read_pairs(tmp_path / "kin.dat") == [("1", "2"), ("4", "3")]


def test_a_text_without_pairs_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no table of relatives"):
        read_pairs(tmp_path / "no")
    (tmp_path / "kin.dat").write_text("1 2\n3\n")
    with pytest.raises(ValueError, match=r"line 2 of .* has one column only"):
        read_pairs(tmp_path / "kin.dat")
