import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cohort.subjects import check_files, first_subjects, planes_of, usable
from tests.caches import write_cache

EVERYONE = [str(900000000 + k) for k in range(60)]


def test_few_subjects_are_among_more_the_same_for_ever_no_run_of_ids_and_without_a_number_all():
    chosen = [first_subjects(EVERYONE, count) for count in (10, 30, 60)]
    assert [len(subjects) for subjects in chosen] == [10, 30, 60]
    assert set(chosen[0]) < set(chosen[1]) < set(chosen[2])
    assert first_subjects(EVERYONE[::-1], 10) == chosen[0]
    fewer = [subject for subject in EVERYONE if subject != chosen[0][0]]
    assert set(chosen[0][1:]) < set(first_subjects(fewer, 10))
    assert first_subjects(EVERYONE, 3) == ["900000020", "900000039", "900000044"]
    assert first_subjects(EVERYONE, 3, seed=1) != first_subjects(EVERYONE, 3)
    assert np.diff([EVERYONE.index(subject) for subject in first_subjects(EVERYONE, 10)]).max() > 1
    assert first_subjects(EVERYONE, None) == first_subjects(EVERYONE, 61) == EVERYONE


def test_planes_count_as_far_as_there_are_slots():
    cohort = pd.DataFrame({"views": ["sa,la_2ch,la_3ch", "la_4ch", "sa"], "sa_slices": [9, 0, 3]})
    assert planes_of(cohort, {"sa": 4, "la_2ch": 1}).tolist() == [5, 0, 3]
    assert planes_of(cohort, {"la_2ch": 1, "la_4ch": 1}).tolist() == [1, 1, 0]


def test_two_frames_are_a_whole_study_only_where_two_are_wanted():
    cohort = pd.DataFrame({"subject": ["beat", "ed_es"], "cine": [True, False], "frames": [25, 2]})
    cohort = cohort.assign(status="accepted", views="sa", sa_slices=9)
    assert usable(cohort, {"sa": 12}, 1, frames=50)["subject"].tolist() == ["beat"]
    assert usable(cohort, {"sa": 12}, 1, frames=2)["subject"].tolist() == ["beat", "ed_es"]


def test_a_split_without_any_prepared_file_is_refused_and_one_with_some_is_not(tmp_path):
    write_cache(tmp_path, {"900000001": (3, ()), "900000002": (3, ())})
    check_files(tmp_path, {"train": ["900000001", "900000007"], "val": ["900000002"]})
    with pytest.raises(ValueError, match="none of the 2 val subjects"):
        check_files(tmp_path, {"train": ["900000001"], "val": ["900000007", "900000008"]})
