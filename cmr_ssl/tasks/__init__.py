"""Tasks: Lightning modules. What one learns here is stored under the attribute `encoder`."""

from cmr_ssl.tasks.alignment import AlignmentTask
from cmr_ssl.tasks.cox import Cox
from cmr_ssl.tasks.diagnoses import Diagnoses
from cmr_ssl.tasks.distillation import DistillationTask
from cmr_ssl.tasks.line_phenotype import LinePhenotypeTask
from cmr_ssl.tasks.line_pretraining import LinePretrainingTask
from cmr_ssl.tasks.line_segmentation import LineSegmentationTask
from cmr_ssl.tasks.objectives import Classification, Objective, Regression
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.phenotype import PhenotypeTask
from cmr_ssl.tasks.phenotype_baseline import PhenotypeBaseline
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.ridge_start import RidgeStart
from cmr_ssl.tasks.segmentation import SegmentationBaseline, SegmentationTask
from cmr_ssl.tasks.solved_alignment import SolvedAlignmentTask

__all__ = (
    "AlignmentTask",
    "Classification",
    "Cox",
    "Diagnoses",
    "DistillationTask",
    "LinePhenotypeTask",
    "LinePretrainingTask",
    "LineSegmentationTask",
    "Objective",
    "Optimisation",
    "PhenotypeBaseline",
    "PhenotypeTask",
    "PretrainingTask",
    "Regression",
    "RidgeStart",
    "SegmentationBaseline",
    "SegmentationTask",
    "SolvedAlignmentTask",
)
