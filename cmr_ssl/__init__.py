"""Self-supervised whole-heart representations from sparse cine cardiac MR planes.

    model = cmr_ssl.load("runs/pretraining")    # the folder of a run or a checkpoint, of any task
    study = cmr_ssl.read("NIFTI_DIR/SUBJECT")   # also a zip or a folder of DICOM files
    model.embed(study)                          # of other tasks: predict, segment, plane

Importing the package is instant: its names are loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmr_ssl.any_study import read as read
    from cmr_ssl.inference.model import Model as Model
    from cmr_ssl.inference.model import load as load
    from cmr_ssl.labelled import measure as measure
    from cmr_ssl.models import Encoder as Encoder
    from cmr_ssl.phantom.synthetic_study import phantom as phantom
    from cmr_ssl.preparation.preparation import Preparation as Preparation
    from cmr_ssl.report.plot import plot as plot
    from cmr_ssl.sources.nifti_files import NiftiFiles as NiftiFiles
    from cmr_ssl.study import Finding as Finding
    from cmr_ssl.study import Series as Series
    from cmr_ssl.study import Study as Study

__version__ = "0.1.0"

MODULES = {
    "Encoder": "cmr_ssl.models",
    "Finding": "cmr_ssl.study",
    "Model": "cmr_ssl.inference.model",
    "NiftiFiles": "cmr_ssl.sources.nifti_files",
    "Preparation": "cmr_ssl.preparation.preparation",
    "Series": "cmr_ssl.study",
    "Study": "cmr_ssl.study",
    "load": "cmr_ssl.inference.model",
    "measure": "cmr_ssl.labelled",
    "plot": "cmr_ssl.report.plot",
    "read": "cmr_ssl.any_study",
}
__all__ = (  # again, for type checkers
    "Encoder",
    "Finding",
    "Model",
    "NiftiFiles",
    "Preparation",
    "Series",
    "Study",
    "load",
    "measure",
    "phantom",
    "plot",
    "read",
)


def __getattr__(name: str) -> object:
    """Load a public name."""
    if name == "phantom":  # the package itself, which is callable
        return import_module("cmr_ssl.phantom")
    if name not in MODULES:
        raise AttributeError(f"cmr_ssl has no {name}; it has {', '.join(sorted(__all__))}")
    return getattr(import_module(MODULES[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted([*__all__, "__version__"])
