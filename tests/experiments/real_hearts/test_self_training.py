"""True labels count as much as those that a network gives."""

import pandas as pd

from experiments.real_hearts.self_training import copies_of, repeated


def test_labelled_patients_are_there_as_often_as_all_others_together():
    copies = copies_of(["a", "b"], others=7)
    assert len(copies) + 2 == 7
    assert sorted(copies.values()).count("a") - sorted(copies.values()).count("b") in (0, 1)
    assert copies_of(["a", "b"], others=1) == {}


def test_a_copy_is_listed_with_all_that_is_known_of_the_patient():
    table = pd.DataFrame({"subject": ["a", "b"], "split": ["train", "test"]}).set_index("subject")
    found = repeated(table, {"a copy 0": "a"})
    assert found.to_dict("list") == {"subject": ["a", "a copy 0", "b"], "split": ["train", "train", "test"]}
