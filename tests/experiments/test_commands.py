from benchmarks.evidence import commands
from benchmarks.evidence.cohorts import Cohort
from benchmarks.evidence.pretrainings import Pretraining, words


def test_a_training_cut_before_its_first_checkpoint_begins_again(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(commands, "spoken", lambda log, *words, threads: said.append((words[0], words[-2:])))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").touch()
    commands.fit(tmp_path / "run", ["--config", "c.yaml"])
    assert not (tmp_path / "run").exists()
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "last.ckpt").touch()
    commands.fit(tmp_path / "run", ["--config", "c.yaml"])
    assert said == [("fit", ("--trainer.default_root_dir", str(tmp_path / "run"))), ("fit", ("--ckpt_path", "last"))]


def test_another_seed_of_a_pretraining_changes_weights_masks_and_order(tmp_path):
    cohort = Cohort("development", tmp_path / "cohort", tmp_path / "cache")
    one, other = (words(Pretraining(tmp_path, seed=seed), cohort) for seed in (0, 1))
    changed = {name for name, a, b in zip(one[::2], one[1::2], other[1::2], strict=True) if a != b}
    assert changed == {"--seed_everything", "--model.seed", "--data.seed"}
