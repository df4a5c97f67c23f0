import numpy as np
import pytest

from cmr_ssl.tables import Day
from cmr_ssl.tables.events import FollowUp, check_events, read_follow_up

HOW = FollowUp(Day("Ill"), Day("Imaged"), [Day("Died"), Day("Lost")], "2024-12-31")
ROWS = [
    "10001,2020-01-01,2022-01-01,,",  # event
    "10002,2020-01-01,,,",  # until the end
    "10003,2020-01-01,,2021-01-01,2022-01-01",  # death before loss
    "10004,2020-01-01,2019-05-05,,",  # before imaging
    "10005,2020-01-01,2020-01-01,,",  # on the day of imaging
    "10006,2020-01-01,1901-01-01,,",  # nobody knows when
    "10007,,2022-01-01,,",  # never imaged
    "10008,2020-01-01,2023-01-01,2022-01-01,",  # diagnosed after the end: not seen
    "10009,2020-01-01,2022-01-01,2022-01-01,",  # on the day of death
    "10010,2020-01-01,2025-06-01,,",  # after the last day of the table
]
SUBJECTS = [row.split(",")[0] for row in ROWS]


def write(path, *rows):
    path.write_text("\n".join(["eid,Imaged,Ill,Died,Lost", *rows]) + "\n")
    return path


def test_events_ends_and_who_was_ill_before_are_told_apart(tmp_path):
    followed = read_follow_up(write(tmp_path / "t.csv", *ROWS), HOW, SUBJECTS)
    nan = np.nan
    np.testing.assert_array_equal(followed.event, [1, 0, 0, nan, nan, nan, nan, 0, 1, 0])
    np.testing.assert_allclose(followed.years, [2, 5, 1, nan, nan, nan, nan, 2, 2, 5], atol=0.01)
    assert (followed.prevalent, followed.undated, followed.unimaged) == (2, 1, 1)
    assert "6 followed over 17 years, 2 events; left out: 2 who had it before imaging, 1 on an unknown" in str(followed)


def test_a_follow_up_that_ends_before_it_begins_is_one_sentence(tmp_path):
    table = write(tmp_path / "t.csv", "10001,2020-01-01,,2019-06-01,", "10002,2020-01-01,,,")
    with pytest.raises(ValueError, match=r"1 subjects .* 10001, imaged 2020-01-01 and followed until 2019-06-01"):
        read_follow_up(table, HOW, SUBJECTS[:2])
    table, how = write(tmp_path / "t.csv", "10001,2020-01-01,,,"), FollowUp(HOW.event, HOW.start, [], "2019-01-01")
    with pytest.raises(ValueError, match=r"set follow_up.until \(now 2019-01-01\)"):
        read_follow_up(table, how, SUBJECTS[:1])


def test_fewer_than_ten_events_are_too_few_and_the_end_is_a_date():
    check_events(np.array([1] * 10 + [0] * 90, np.float32), "Death")
    with pytest.raises(ValueError, match="Death happened to 9 of 99 training subjects after imaging, fewer than 10"):
        check_events(np.array([1] * 9 + [0] * 90 + [np.nan], np.float32), "Death")
    with pytest.raises(ValueError, match=r"until '31.12.2025' is no date"):
        FollowUp(HOW.event, HOW.start, [], "31.12.2025")
