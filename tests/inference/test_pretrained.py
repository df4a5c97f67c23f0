import pytest
import torch

from cmr_ssl.inference.pretrained import load_pretraining
from cmr_ssl.tasks import PretrainingTask
from tests.untrained import write_untrained


def test_only_a_pretraining_can_be_asked_for_planes(tmp_path):
    pretraining, other = (write_untrained(tmp_path / f"{kind}.ckpt", kind) for kind in ("pretraining", "phenotype"))
    assert isinstance(load_pretraining(pretraining, torch.device("cpu"))[0], PretrainingTask)
    with pytest.raises(ValueError, match="is of a PhenotypeTask, which has no decoder to ask"):
        load_pretraining(other, torch.device("cpu"))
