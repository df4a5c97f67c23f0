import io
import pickle
import zipfile

import torch

from cmr_ssl.release.checkpoint_contents import checkpoint, is_checkpoint, is_torch_member, pickled


class Bomb:
    """Something that would write a file if it were ever loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (exec, (f"open({str(self.path)!r}, 'w').close()",))


def saved(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    buffer.seek(0)
    return buffer


def test_a_checkpoint_is_looked_into():
    content = {"state_dict": {"w": torch.ones(2)}, "hyper_parameters": {"cache": "/home/me/cache"}}
    assert [found.where for found in checkpoint(saved(content))] == ["hyper_parameters.cache"]
    assert not list(checkpoint(saved({"state_dict": {"w": torch.ones(2)}, "global_step": 1234567})))


def test_code_in_a_checkpoint_or_a_pickle_is_refused_and_never_run(tmp_path):
    bomb = Bomb(tmp_path / "ran")
    said = " ".join(leak.what for leak in checkpoint(saved({"x": bomb, "y": "eid 1234567"})))
    assert "only loading code can read" in said
    assert "participant" in said
    assert len(list(pickled(pickle.dumps([bomb, "/home/me/x"]), "here"))) >= 2
    assert not (tmp_path / "ran").exists()
    assert any("taken apart" in leak.what for leak in pickled(b"\x80\x04\xff", "here"))


def test_pytorch_s_own_members_are_told_from_others():
    with zipfile.ZipFile(saved({"w": torch.ones(2)})) as container:
        assert is_checkpoint(container)
        assert all(map(is_torch_member, container.namelist()))
    assert not is_torch_member("archive/subjects.csv")
