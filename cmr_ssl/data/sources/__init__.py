"""Places studies come from: one file a kind of source, each with a class shaped like `study.Source`."""

from cmr_ssl.data.sources.dicom_folder import DicomFolder
from cmr_ssl.data.sources.nifti_files import EdEs, LabelFile, NiftiFiles
from cmr_ssl.data.sources.nifti_folder import NiftiFolder
from cmr_ssl.data.sources.ukb_zips import UkbZips, find_zips, holds_zips

__all__ = [
    "DicomFolder",
    "EdEs",
    "LabelFile",
    "NiftiFiles",
    "NiftiFolder",
    "UkbZips",
    "find_zips",
    "holds_zips",
]
