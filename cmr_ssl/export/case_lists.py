"""What nnU-Net and MONAI read beside images and label maps: dataset.json, splits_final.json and a decathlon list.

Formats: https://github.com/MIC-DKFZ/nnUNet/blob/master/documentation/dataset_format.md, and MONAI's
``load_decathlon_datalist``, whose paths are relative to its file.
"""

from typing import NamedTuple

import cmr_ssl
from cmr_ssl.cohort.splits import SPLITS, Split

SUFFIX = ".nii.gz"
CHANNEL = "_0000"  # the only one
MODALITY = "MRI"
FOLDERS: dict[Split, tuple[str, str]] = {  # of images and label maps
    "train": ("imagesTr", "labelsTr"),
    "val": ("imagesTr", "labelsTr"),  # nnU-Net's training cases are split by splits_final.json
    "test": ("imagesTs", "labelsTs"),
}
MONAI_NAMES: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}


class Case(NamedTuple):
    """One labelled frame."""

    name: str
    split: Split

    @property
    def image(self) -> str:
        """Its path, relative to the folder of the set."""
        return f"{FOLDERS[self.split][0]}/{self.name}{CHANNEL}{SUFFIX}"

    @property
    def labels(self) -> str:
        """Path of its label map."""
        return f"{FOLDERS[self.split][1]}/{self.name}{SUFFIX}"


def dataset(name: str, cases: list[Case], numbers: dict[str, int]) -> dict[str, object]:
    """Return nnU-Net's dataset.json."""
    return {
        "name": name,
        "description": f"Short-axis frames as cmr_ssl {cmr_ssl.__version__} prepared them",
        "channel_names": {"0": MODALITY},
        "labels": numbers,
        "numTraining": sum(case.split != "test" for case in cases),
        "file_ending": SUFFIX,
    }


def nnunet_splits(cases: list[Case]) -> list[dict[str, list[str]]]:
    """Return nnU-Net's splits_final.json: one fold, in which all frames of a person are on one side."""
    return [{split: [case.name for case in cases if case.split == split] for split in ("train", "val")}]


def decathlon(name: str, cases: list[Case], numbers: dict[str, int]) -> dict[str, object]:
    """Return MONAI's list, with the splits as its three lists."""
    listed = {
        MONAI_NAMES[split]: [{"image": case.image, "label": case.labels} for case in cases if case.split == split]
        for split in SPLITS
    }
    return {
        "name": name,
        "modality": {"0": MODALITY},
        "labels": {str(number): text for text, number in numbers.items()},
        "numTraining": len(listed["training"]),
        "numTest": len(listed["test"]),
        **listed,
    }
