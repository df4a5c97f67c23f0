import time

import pytest
import torch
from torch.multiprocessing import ProcessRaisedException

from cmr_ssl.callbacks import FiniteLoss
from tests.runs import probe, run, run_elsewhere

TWO = ["--trainer.devices", "2", "--data.batch_size", "2"]
SHORT = ["--trainer.max_epochs", "1"]


def forked(*arguments):
    assert run(*arguments, "--trainer.strategy", "ddp_fork") == 0


def started(*arguments):
    """Run two processes as users do, each of which imports everything."""
    done = run_elsewhere(*arguments, "--trainer.strategy", "ddp")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", params=[forked, pytest.param(started, marks=pytest.mark.exhaustive)])
def together_and_alone(request, cache, tmp_path_factory):
    """Return what two processes with batches of 2 noted, by rank, and what one with batches of 4 did."""
    folder = tmp_path_factory.mktemp("distributed")
    request.param(cache, folder / "two", *TWO, *SHORT, *probe("Recorder", folder=folder / "noted"))
    watched = probe("Recorder", folder=folder / "alone")
    assert run(cache, folder / "one", "--data.batch_size", "4", *SHORT, *watched) == 0
    ranks = [torch.load(folder / "noted" / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    return ranks, torch.load(folder / "alone" / "0.pt", weights_only=True)


def test_two_processes_share_the_subjects_and_steps_of_one(together_and_alone):
    ranks, alone = together_and_alone
    assert [len(rank["subjects"]) for rank in ranks] == [2, 2]
    assert set(ranks[0]["subjects"] + ranks[1]["subjects"]) == set(alone["subjects"])
    assert [rank["steps"] for rank in ranks] == [alone["steps"]] * 2 == [4, 4]


def test_two_processes_have_the_loss_and_the_gradients_of_one(together_and_alone):
    ranks, alone = together_and_alone
    together = (ranks[0]["loss"] + ranks[1]["loss"]) / 2
    torch.testing.assert_close(together, alone["loss"], atol=1e-5, rtol=0)
    assert ranks[0]["loss"] != ranks[1]["loss"]
    assert max(gradient.abs().max() for gradient in alone["gradients"].values()) > 1e-2
    for rank in ranks:
        assert rank["gradients"].keys() == alone["gradients"].keys()
        for name, gradient in alone["gradients"].items():
            torch.testing.assert_close(rank["gradients"][name], gradient, atol=1e-5, rtol=1e-4)


def test_two_processes_measure_what_one_measures(together_and_alone):
    ranks, alone = together_and_alone
    assert "val/psnr_hidden" in alone["metrics"]
    for name, value in alone["metrics"].items():
        torch.testing.assert_close(ranks[0]["metrics"][name], value, atol=1e-3, rtol=0)
        torch.testing.assert_close(ranks[1]["metrics"][name], ranks[0]["metrics"][name])


def noting(check, folder):
    """Return a check that leaves what it raises in ``FOLDER/stopped-RANK`` and waits for the other process to do so."""

    def noted(callback, trainer):
        try:
            check(callback, trainer)
        except FloatingPointError as error:
            (folder / f"stopped-{trainer.global_rank}").write_text(str(error))
            end = time.monotonic() + 10
            while len([*folder.glob("stopped-*")]) < 2 and time.monotonic() < end:
                time.sleep(0.02)  # the first process that ends takes the other with it
            raise

    return noted


@pytest.fixture(scope="module")
def poisoned(cache, tmp_path_factory):
    """Return the folder where two processes, of which the second meets a NaN, left their notes."""
    folder = tmp_path_factory.mktemp("poisoned")
    forked = ["--trainer.strategy", "ddp_fork"]  # which saves importing everything twice
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FiniteLoss, "check", noting(FiniteLoss.check, folder))
        with pytest.raises(ProcessRaisedException, match="not finite in batch 2"):
            run(cache, folder / "run", *TWO, *SHORT, *forked, *probe("Poison", step=2, rank=1))
    return folder


def test_a_broken_batch_in_one_process_stops_both(poisoned):
    for rank in (0, 1):
        assert "not finite in batch 2" in (poisoned / f"stopped-{rank}").read_text()
    saved = torch.load(poisoned / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert saved["global_step"] == 2
    assert all(weight.isfinite().all() for weight in saved["state_dict"].values())


def test_only_the_subjects_of_the_process_with_the_broken_batch_are_accused(poisoned):
    subjects = (poisoned / "poisoned").read_text()
    assert subjects.count(",") == 1
    assert f"subjects {subjects})" in (poisoned / "stopped-1").read_text()
    assert "subjects of another process)" in (poisoned / "stopped-0").read_text()
