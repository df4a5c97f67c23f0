import pytest
import torch

from tests.runs import probe, run, run_elsewhere


@pytest.fixture(scope="module")
def together_and_alone(cache, tmp_path_factory):
    """Return what two processes with batches of 2 noted, by rank, and what one with batches of 4 did."""
    folder = tmp_path_factory.mktemp("distributed")
    two = ["--trainer.devices", "2", "--trainer.strategy", "ddp", "--data.batch_size", "2"]
    done = run_elsewhere(cache, folder / "two", *two, *probe("Recorder", folder=folder / "noted"))
    assert done.returncode == 0, done.stderr
    assert run(cache, folder / "one", "--data.batch_size", "4", *probe("Recorder", folder=folder / "alone")) == 0
    ranks = [torch.load(folder / "noted" / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    return ranks, torch.load(folder / "alone" / "0.pt", weights_only=True)


def test_two_processes_share_the_subjects_of_one(together_and_alone):
    ranks, alone = together_and_alone
    assert [len(rank["subjects"]) for rank in ranks] == [2, 2]
    assert set(ranks[0]["subjects"] + ranks[1]["subjects"]) == set(alone["subjects"])


def test_two_processes_have_the_loss_of_one(together_and_alone):
    ranks, alone = together_and_alone
    together = (ranks[0]["loss"] + ranks[1]["loss"]) / 2
    torch.testing.assert_close(together, alone["loss"], atol=1e-5, rtol=0)
    assert ranks[0]["loss"] != ranks[1]["loss"]


def test_two_processes_have_the_gradients_of_one(together_and_alone):
    ranks, alone = together_and_alone
    assert max(gradient.abs().max() for gradient in alone["gradients"].values()) > 1e-2
    for rank in ranks:
        assert rank["gradients"].keys() == alone["gradients"].keys()
        for name, gradient in alone["gradients"].items():
            torch.testing.assert_close(rank["gradients"][name], gradient, atol=1e-5, rtol=1e-4)


def test_two_processes_take_the_steps_of_one(together_and_alone):
    ranks, alone = together_and_alone
    assert [rank["steps"] for rank in ranks] == [alone["steps"]] * 2 == [8, 8]


def test_two_processes_measure_what_one_measures(together_and_alone):
    ranks, alone = together_and_alone
    assert "val/psnr_hidden" in alone["metrics"]
    for name, value in alone["metrics"].items():
        torch.testing.assert_close(ranks[0]["metrics"][name], value, atol=1e-3, rtol=0)
        torch.testing.assert_close(ranks[1]["metrics"][name], ranks[0]["metrics"][name])
