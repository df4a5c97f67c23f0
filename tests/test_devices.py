import pytest
import torch

from cmr_ssl.devices import device_of, has_bfloat16, sent


@pytest.mark.parametrize(("there", "kind"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_the_gpu_where_there_is_one(there, kind, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert device_of("auto").type == kind
    assert device_of("cpu").type == "cpu"


@pytest.mark.parametrize(("name", "count"), [("cuda", 0), ("cuda:0", 0), ("cuda:3", 2)])
def test_a_gpu_that_is_not_there_is_refused_in_one_sentence(name, count, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(ValueError, match=f"there is no {name}: .*GPU"):
        device_of(name)
    with pytest.raises(ValueError, match="'gpus' is no device: choose cpu, cuda or auto"):
        device_of("gpus")


@pytest.mark.parametrize("capability", ["avx512_bf16", "amx_bf16", "bf16", None])
def test_a_cpu_has_bfloat16_only_if_it_says_so(capability, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {capability: True} if capability else {})
    assert has_bfloat16(torch.device("cpu")) == (capability is not None)


def test_what_is_sent_to_a_gpu_is_pinned_first_and_nobody_waits(monkeypatch):
    done = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda values: done.append("pinned") or values)
    monkeypatch.setattr(torch.Tensor, "to", lambda values, device, non_blocking: done.append(non_blocking) or values)
    sent(torch.ones(2), torch.device("cuda"))
    assert done == ["pinned", True]
    sent(torch.ones(2), torch.device("cpu"))
    assert done == ["pinned", True, True]
