import torch
from torch import Tensor

from benchmarks.speed.random_studies import random_subjects
from cmr_ssl.data.transfer import transferred


def test_a_batch_arrives_as_it_was():
    batch = random_subjects(2, 3, frames=2)
    there = transferred(batch, torch.device("cpu"))
    assert there.subject == batch.subject
    for sent, arrived in zip(batch, there, strict=True):
        if isinstance(sent, Tensor):
            assert torch.equal(sent, arrived)


def test_nothing_is_computed_from_a_batch_that_has_not_arrived(monkeypatch):
    """The stream that computes waits for the one that copies, and keeps the memory; here none of them exists."""
    done = []

    class Stream:
        def __init__(self, name):
            self.name = name

        def wait_stream(self, other):
            done.append(f"{self.name} waits for {other.name}")

    class On:
        def __init__(self, stream):
            self.stream = stream

        def __enter__(self):
            done.append(f"on {self.stream.name}")

        def __exit__(self, *_):
            done.append("off")

    monkeypatch.setattr("cmr_ssl.data.transfer.copying", lambda device: Stream("copying"))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: Stream("computing"))
    monkeypatch.setattr(torch.cuda, "stream", On)
    monkeypatch.setattr("cmr_ssl.data.transfer.sent", lambda field, device: done.append("copied") or field)
    monkeypatch.setattr(Tensor, "record_stream", lambda field, stream: done.append(f"kept for {stream.name}"))
    transferred(random_subjects(1, 1, frames=1), torch.device("cuda"))
    fields = 7
    assert done == [
        "on copying",
        *["copied"] * fields,
        "off",
        "computing waits for copying",
        *["kept for computing"] * fields,
    ]
