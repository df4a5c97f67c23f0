"""Readers of NIfTI studies and label maps; each source is a class of the shape of `study.Source`."""

from cmr_ssl.sources.nifti_files import FIELD_FILES, EdEs, LabelFile, NiftiFiles
from cmr_ssl.sources.nifti_folder import NiftiFolder

__all__ = ["FIELD_FILES", "EdEs", "LabelFile", "NiftiFiles", "NiftiFolder"]
