"""Programs of torch.export: they run without this package, on any number of planes, and say the same."""

import io
import subprocess
import sys

import pytest
import torch
from torch import nn

import cmr_ssl
from cmr_ssl.cli import main
from cmr_ssl.export.comparison import study_of
from cmr_ssl.export.graphs import Graph
from cmr_ssl.export.program import check_program, written
from cmr_ssl.tasks.trained import load_task
from tests import studies
from tests.untrained import write_untrained

ALONE = """
import sys
sys.modules["cmr_ssl"] = None  # as if it were not installed
import torch
study = torch.load("study.pt")
torch.save(torch.export.load("out/segmentation.pt2").module()(study["images"], study["affine"])[0], "labels.pt")
"""


class Brightness(nn.Module):
    """Tells how bright each plane is, and where."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, images, affine):
        return self.gain * images.mean(dim=(1, 2, 3)), affine[:, :3, 3].contiguous()


@pytest.fixture
def trained(tmp_path):
    return load_task(write_untrained(tmp_path / "best.ckpt", "segmentation", depth=1))


def test_a_program_says_the_same_of_any_number_of_planes_and_not_where_it_was_made(trained):
    graph = Graph("brightness", Brightness(), {"mean": "of a plane", "place": "of its first pixel"})
    content = written(graph, trained)
    assert b"tests/export" not in content
    program = torch.export.load(io.BytesIO(content)).module()
    for planes in (1, 4):
        given = study_of(planes, trained)
        torch.testing.assert_close(program(*given), graph.module(*given))
    check_program(graph, content, trained)
    with torch.no_grad():
        graph.module.gain.add_(1.0)
    with pytest.raises(ValueError, match=r"brightness.pt2 says something else than torch of mean"):
        check_program(graph, content, trained)


@pytest.mark.exhaustive  # two large programs; `test_onnx` exports an encoder, too
def test_torch_alone_segments_as_the_model_does(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)  # the model may run in bfloat16, the program does not
    checkpoint = write_untrained(tmp_path / "best.ckpt", "segmentation", depth=1)
    assert main(["export", "--checkpoint", str(checkpoint), "--program", str(tmp_path / "out")]) == 0
    assert '"segmentation.pt2"' in (tmp_path / "out" / "model.json").read_text()
    assert not any(b"cmr_ssl/tasks" in path.read_bytes() for path in (tmp_path / "out").iterdir())
    model, study = cmr_ssl.load(checkpoint, "cpu"), studies.study(("sa", "la_4ch"), frames=8, frame_ms=110.0)
    batch = model.prepare(study).batch
    there = batch.present[0]
    torch.save({"images": batch.images[0, there], "affine": batch.affine[0, there]}, tmp_path / "study.pt")
    subprocess.run([sys.executable, "-c", ALONE], cwd=tmp_path, check=True)
    assert (torch.load(tmp_path / "labels.pt").numpy() == model.segment(study).planes).mean() > 0.9999
