"""Programs of torch.export: they run without this package, on any number of planes, and say the same."""

import subprocess
import sys

import pytest
import torch

import cmr_ssl
from cmr_ssl.cli import main
from cmr_ssl.export.graphs import graphs
from cmr_ssl.export.program import check_program
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


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    checkpoint = write_untrained(folder / "best.ckpt", "segmentation", depth=1)
    assert main(["export", "--checkpoint", str(checkpoint), "--program", str(folder / "out")]) == 0
    return folder


def test_torch_alone_segments_as_the_model_does(exported):
    model, study = (
        cmr_ssl.load(exported / "best.ckpt", "cpu"),
        studies.study(("sa", "la_4ch"), frames=8, frame_ms=110.0),
    )
    batch = model.prepare(study).batch
    there = batch.present[0]
    torch.save({"images": batch.images[0, there], "affine": batch.affine[0, there]}, exported / "study.pt")
    subprocess.run([sys.executable, "-c", ALONE], cwd=exported, check=True)
    assert (torch.load(exported / "labels.pt").numpy() == model.segment(study).planes).mean() > 0.9999


def test_nothing_in_a_program_says_where_it_was_made(exported):
    for path in (exported / "out").iterdir():
        assert b"cmr_ssl/tasks" not in path.read_bytes()


def test_a_program_of_other_weights_is_refused(exported):
    trained = load_task(exported / "best.ckpt")
    encoder = graphs(trained.task)[0]
    with torch.no_grad():
        encoder.module.encoder.norm.bias.add_(1.0)
    with pytest.raises(ValueError, match=r"encoder.pt2 says something else than torch of landmarks"):
        check_program(encoder, (exported / "out" / "encoder.pt2").read_bytes(), trained)


def test_its_input_is_described(exported):
    assert '"segmentation.pt2"' in (exported / "out" / "model.json").read_text()
