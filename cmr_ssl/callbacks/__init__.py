"""Lightning callbacks: checkpoints, reports, figures, guards."""

from cmr_ssl.callbacks.became_arguments import RidgeStart
from cmr_ssl.callbacks.compiled import Compiled
from cmr_ssl.callbacks.diagnosis_report import DiagnosisReport
from cmr_ssl.callbacks.finite_loss import FiniteLoss
from cmr_ssl.callbacks.kept_checkpoints import BestCheckpoint, LastCheckpoint
from cmr_ssl.callbacks.phenotype_report import PhenotypeReport
from cmr_ssl.callbacks.progress_bar import ProgressBar
from cmr_ssl.callbacks.reconstructions import Reconstructions
from cmr_ssl.callbacks.representation_probe import RepresentationProbe
from cmr_ssl.callbacks.risk_report import RiskReport
from cmr_ssl.callbacks.segmentation_report import SegmentationReport
from cmr_ssl.callbacks.throughput import Throughput

__all__ = (
    "BestCheckpoint",
    "Compiled",
    "DiagnosisReport",
    "FiniteLoss",
    "LastCheckpoint",
    "PhenotypeReport",
    "ProgressBar",
    "Reconstructions",
    "RepresentationProbe",
    "RidgeStart",
    "RiskReport",
    "SegmentationReport",
    "Throughput",
)
