"""ONNX graphs against torch, on studies with more and with fewer planes; skipped where onnx is not installed."""

import json

import numpy as np
import pytest
import torch

import cmr_ssl
from cmr_ssl.cli import main
from cmr_ssl.export import onnx as exporting
from cmr_ssl.export.graphs import graphs
from cmr_ssl.export.onnx import check_runtime
from cmr_ssl.tasks.trained import load_task
from tests import studies
from tests.untrained import write_untrained

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


def run(graph, heart):
    """Return what a graph says of the planes that exist."""
    there = heart.batch.present[0]
    given = {"images": heart.batch.images[0, there].numpy(), "affine": heart.batch.affine[0, there].numpy()}
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return dict(zip([one.name for one in session.get_outputs()], session.run(None, given), strict=True))


def test_phenotypes_come_in_their_units(tmp_path):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype", depth=1)
    model, trained, study = (
        cmr_ssl.load(checkpoint, "cpu"),
        load_task(checkpoint),
        studies.study(frames=8, frame_ms=110.0),
    )
    graph = graphs(trained.task)[1]
    content = exporting.written(graph, trained)
    told = run(content, model.prepare(study, model.trained.views))
    assert np.allclose(told["values"], [*model.predict(study).values.values()], rtol=1e-4)
    check_runtime(graph, content, trained)
    with torch.no_grad():
        graph.module.task.linear.bias.add_(0.01)
    with pytest.raises(ValueError, match=r"phenotypes.onnx says something else than torch of values with 1 planes"):
        check_runtime(graph, content, trained)


@pytest.mark.exhaustive  # two more graphs, which `test_program` writes for torch alone
def test_a_segmentation_labels_studies_of_any_number_of_planes_as_torch_does(tmp_path):
    checkpoint, folder = write_untrained(tmp_path / "best.ckpt", "segmentation", depth=1), tmp_path / "onnx"
    assert main(["export", "--checkpoint", str(checkpoint), "--onnx", str(folder)]) == 0
    model = cmr_ssl.load(checkpoint, "cpu")
    for views in (("sa", "la_2ch", "la_4ch"), ("la_4ch",)):
        study = studies.study(views, frames=8, frame_ms=110.0)
        told = run(folder / "segmentation.onnx", model.prepare(study))
        assert (told["labels"] == model.segment(study).planes).mean() > 0.9999
        assert told["probability"].max() <= 1
        vectors = run(folder / "encoder.onnx", model.prepare(study))
        assert np.allclose(vectors["landmarks"], model.embed(study).landmarks, rtol=1e-4, atol=1e-4)
    described = json.loads((folder / "model.json").read_text())
    assert described["outputs"]["segmentation.onnx"]["labels"].endswith("5 RA")
    assert described["fingerprint"] == model.fingerprint


def test_without_the_packages_their_names_are_told(tmp_path, monkeypatch, capsys):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype")
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    assert main(["export", "--checkpoint", str(checkpoint), "--onnx", str(tmp_path / "onnx")]) == 1
    assert "pip install 'cmr-ssl[onnx]'" in capsys.readouterr().err
