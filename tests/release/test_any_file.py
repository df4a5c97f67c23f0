import gzip
import io
import pickle
import zipfile

import nibabel as nib
import numpy as np
import pytest
import torch
from safetensors.numpy import save

from cmr_ssl.release import any_file
from cmr_ssl.release.any_file import Content, leaks_in_file


def found(name, data):
    return [(leak.where, leak.what) for leak in leaks_in_file(Content(name, io.BytesIO(data)))]


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as container:
        for name, data in members.items():
            container.writestr(name, data)
    return buffer.getvalue()


def squeezed(data):
    return gzip.compress(data, mtime=0)  # a time would be part of the names of tests, which workers must agree upon


def nifti(remark=b""):
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4))
    image.header["descrip"] = remark
    return image.to_bytes()


def checkpoint(added=(), **content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with zipfile.ZipFile(buffer, "a") as container:
        for name, data in added:
            container.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "where"),
    [
        ("1234567.txt", b"", "the name"),
        ("x.md", b"fine\n\nsubject 1234567\n", "line 3"),
        ("x.yaml", b"data:\n  cache: /home/me/cache\n", "line 2"),
        ("x.json", b'{"eids": [1234567]}', "line 1"),
        ("x.csv", b"eid,x\n1234567,1\n", "column 'eid'"),
        ("x.csv", b"no table\n1234567,1,2\n", "line 2"),
        ("x.tsv.gz", squeezed(b"eid\tx\n1234567\t1\n"), "x.tsv, column 'eid'"),
        ("x.nii", nifti(b"1234567"), "the header's descrip"),
        ("x.nii.gz", squeezed(nifti(b"1234567")), "the header's descrip"),
        ("x.zip", zipped(**{"a.csv": "eid\n1234567\n"}), "a.csv, column 'eid'"),
        ("x.zip", zipped(**{"1234567/a.txt": ""}), "1234567/a.txt, the name"),
        ("x.zip", zipped(inner=zipped(a="/home/me/x")), "inner, a, line 1"),
        ("x.ckpt", checkpoint(cache="/home/me/cache"), "cache"),
        ("x.ckpt", checkpoint([("archive/a.csv", "eid\n1234567\n")], w=torch.ones(2)), "archive/a.csv, column 'eid'"),
        ("x.safetensors", save({"x": np.zeros(2)}, {"subject": "1234567"}), "metadata.subject"),
        ("x.safetensors", save({"x": np.array([1234567, 1234568, 1234569])}), "x"),
        ("x.pkl", pickle.dumps({"a": 1}), "the pickle"),
        ("x.bin", b"\0\0\0eid=1234567\0\0", "a text between other bytes"),
    ],
)  # fmt: skip
def test_every_kind_of_file_is_looked_into(name, data, where):
    assert where in [place for place, _ in found(name, data)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.md", b"86123456 parameters, 1234567 steps\n"),
        ("900000001.nii.gz", squeezed(nifti(b"cmr_ssl prediction"))),
        ("x.ckpt", checkpoint(state_dict={"w": torch.ones(3)}, global_step=1234567)),
        ("x.safetensors", save({"images": np.zeros((1000, 1500), np.uint8)}, {"subject": "900000001"})),
        ("x.csv", b"eid,step\n900000001,1234567\n"),
        ("x.bin", bytes(range(256)) * 20),
        ("weight_7", b"q:\\Z7=`jB\x9d\x01" * 20),  # numbers without any zero byte
    ],
)
def test_what_may_leave_raises_no_alarm(name, data):
    assert not found(name, data)


def test_sizes_in_the_graph_of_a_program_are_no_ids_but_paths_are_found():
    program = {"archive/archive_format": "pt2", "archive/models/model.json": '{"as_int": 1179648}'}
    assert not found("x.pt2", zipped(**program))
    assert found("x.zip", zipped(**{"archive/models/model.json": program["archive/models/model.json"]}))
    told = program | {"archive/models/model.json": '{"stack_trace": "File /home/somebody/cohort/x.py, line 3"}'}
    assert "/home/somebody" in str(found("x.pt2", zipped(**told)))


def test_bombs_and_what_is_packed_too_often_are_refused(monkeypatch):
    monkeypatch.setattr(any_file, "LARGEST", 10_000)
    assert "too much to check" in found("x.zip", zipped(a=b"0" * 20_000))[0][1]
    assert "too much to check" in found("x.txt.gz", squeezed(b"0" * 20_000))[0][1]
    data = b"x"
    for _ in range(5):
        data = squeezed(data)
    assert found("x", data)[-1][1] == "packed too often to check"
