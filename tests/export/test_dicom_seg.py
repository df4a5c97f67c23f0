import sys

import numpy as np
import pytest
from pydicom import Dataset

from cmr_ssl.anatomy import LA, LV, UNLABELLED
from cmr_ssl.export.dicom_seg import SegmentedFrame, extreme_frames, segmentation
from cmr_ssl.volumes import LabelMap


def test_frames_are_those_of_most_and_least_lv_or_else_of_all_that_is_drawn():
    labels = np.zeros((4, 1, 3, 3), np.uint8)
    labels[1, 0, 0, :2], labels[2, 0, 0, :3], labels[3, 0, 0, 0] = LV, LV, LV
    assert extreme_frames(LabelMap(labels, np.eye(4))) == [2, 3]  # nothing is drawn in the first
    assert extreme_frames(LabelMap(np.where(labels == LV, LA, labels), np.eye(4))) == [2, 3]
    assert extreme_frames(LabelMap(np.full_like(labels, UNLABELLED), np.eye(4))) == []


@pytest.mark.parametrize("there", [False, True])
def test_without_highdicom_the_extra_is_named_and_images_without_a_frame_of_reference_are_said(monkeypatch, there):
    if there:
        pytest.importorskip("highdicom")
    else:
        monkeypatch.setitem(sys.modules, "highdicom", None)
    frame = SegmentedFrame("sa_frame00", 0, np.ones((1, 2, 2), np.uint8), np.eye(4), [Dataset()])
    with pytest.raises(ValueError, match="no FrameOfReferenceUID" if there else r"pip install 'cmr-ssl\[seg\]'"):
        segmentation(frame, 1)
