"""Places studies come from: one file a kind of source, each with a class shaped like `study.Source`."""

from cmr_ssl.sources.nifti_files import EdEs, LabelFile, NiftiFiles
from cmr_ssl.sources.nifti_folder import NiftiFolder

__all__ = [
    "EdEs",
    "LabelFile",
    "NiftiFiles",
    "NiftiFolder",
]
