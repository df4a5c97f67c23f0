from pathlib import Path

import pytest

from experiments.cohorts import Cohort
from experiments.commands import fit, last, options, resumption, spoken
from experiments.pretrainings import Pretraining, words


def test_a_training_cut_before_its_first_checkpoint_begins_again_and_one_cut_later_goes_on(tmp_path):
    (tmp_path / "config.yaml").touch()
    assert resumption(tmp_path) == []
    assert not tmp_path.exists()
    last(tmp_path).parent.mkdir(parents=True)
    last(tmp_path).touch()
    assert resumption(tmp_path) == ["--ckpt_path=last"]
    assert last(tmp_path).exists()


def test_what_is_done_is_not_trained_again(tmp_path):
    (tmp_path / "done.txt").touch()
    fit(tmp_path, ["--no-such-option"])  # which would fail
    assert [path.name for path in tmp_path.iterdir()] == ["done.txt"]


def test_a_command_that_fails_says_where_it_says_why(tmp_path):
    with pytest.raises(RuntimeError, match=r"log\.txt says why"):
        spoken(tmp_path / "log.txt", "prepare", "--source", str(tmp_path / "nothing"), "--out", str(tmp_path))
    assert "nothing" in (tmp_path / "log.txt").read_text()


def test_options_are_yaml():
    told = {"path": Path("a/b"), "text": "x", "none": None, "list": [1, 2.5], "no": False}
    assert options(told) == ["--path=a/b", "--text=x", "--none=null", "--list=[1, 2.5]", "--no=false"]


def test_another_seed_of_a_pretraining_changes_weights_masks_and_order(tmp_path):
    cohort = Cohort("development", tmp_path / "cohort", tmp_path / "cache")
    one, other = (words(Pretraining(tmp_path, seed=seed), cohort) for seed in (0, 1))
    changed = {option.partition("=")[0] for option in {*one} ^ {*other}}
    assert changed == {"--seed_everything", "--model.seed", "--data.seed"}
