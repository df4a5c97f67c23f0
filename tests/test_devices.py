import pytest
import torch

from cmr_ssl.devices import device_of, has_bfloat16


@pytest.mark.parametrize(("there", "kind"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_the_gpu_where_there_is_one(there, kind, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert device_of("auto").type == kind
    assert device_of("cpu").type == "cpu"


@pytest.mark.parametrize("capability", ["avx512_bf16", "amx_bf16", "bf16", None])
def test_a_cpu_has_bfloat16_only_if_it_says_so(capability, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {capability: True} if capability else {})
    assert has_bfloat16(torch.device("cpu")) == (capability is not None)
