import io
import zipfile
from types import SimpleNamespace

import pytest
import torch

from cmr_ssl.callbacks import LastCheckpoint
from tests.caches import COHORT
from tests.runs import ROOT, run


@pytest.fixture(params=["best", "last"])
def checkpoint(request, finished_run):
    return finished_run / "checkpoints" / f"{request.param}.ckpt"


def test_a_run_keeps_best_and_last_which_has_seen_every_step_and_nothing_else(finished_run):
    assert sorted(path.name for path in (finished_run / "checkpoints").iterdir()) == ["best.ckpt", "last.ckpt"]
    last = torch.load(finished_run / "checkpoints" / "last.ckpt", weights_only=True)
    assert (last["epoch"], last["global_step"]) == (1, 8)


def test_checkpoints_are_plain_tensors_and_name_no_subject_and_no_folder(checkpoint, cache, finished_run):
    assert torch.load(checkpoint, weights_only=True)["global_step"] > 0
    with zipfile.ZipFile(io.BytesIO(checkpoint.read_bytes())) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert b"AnatomicalPositions" in content, "what is searched must be readable"
    names = [*COHORT, str(cache), cache.name, str(finished_run), finished_run.name, str(ROOT)]
    assert [name for name in names if name.encode() in content] == []


def test_the_best_checkpoint_is_the_best(cache, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path / "run"
    assert run(cache, folder, "--trainer.max_epochs", "3", "--model.optimisation.learning_rate", "0.05") == 0
    events = EventAccumulator(str(folder))
    events.Reload()
    scores = [(event.value, event.step) for event in events.Scalars("val/psnr_hidden")]
    best = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)
    assert len(scores) == 3
    assert best["global_step"] == max(scores)[1] + 1
    (state,) = (state for name, state in best["callbacks"].items() if name.startswith("BestCheckpoint"))
    assert state["best_model_score"].item() == pytest.approx(max(scores)[0], abs=1e-5)


def test_asking_for_a_checkpoint_every_zero_steps_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        LastCheckpoint(0)


def trainer_at(step, saved, **changes):
    """Return a trainer in the middle of an epoch that notes at which step it saves."""
    loop = SimpleNamespace(epoch_loop=SimpleNamespace(batch_progress=SimpleNamespace(is_last_batch=False)))
    place = {"global_step": step, "sanity_checking": False, "default_root_dir": "run", "fit_loop": loop}
    place |= {"received_sigterm": False, "world_size": 1, "validating": False}
    return SimpleNamespace(**place | changes, save_checkpoint=lambda path, weights_only: saved.append(step))


def test_a_resumed_run_saves_at_steps_and_never_between_the_batches_of_one():
    saved: list[int] = []
    callback, before = LastCheckpoint(2), LastCheckpoint(2)
    before.saved_step = 4
    callback.load_state_dict(before.state_dict())
    for step in (4, 4, 5, 5, 5, 6, 6):  # three batches a step, the first of them done when the run was killed
        callback.on_train_batch_end(trainer_at(step, saved), None, {}, None, 0)
    assert saved == [6]


@pytest.mark.parametrize(
    "change", [{"max_steps": 7}, {"max_epochs": 1}, {"should_stop": True}, {"received_sigterm": True}, {}]
)
def test_what_ends_after_an_epoch_that_was_not_asked_for_is_saved(change):
    saved: list[int] = []
    place = {"current_epoch": 0, "max_epochs": 9, "max_steps": -1, "should_stop": False}
    LastCheckpoint(every_n_epochs=5).on_train_epoch_end(trainer_at(7, saved, **place | change), None)
    assert saved == [7] * bool(change)
