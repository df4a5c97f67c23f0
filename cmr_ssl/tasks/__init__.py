"""Tasks: Lightning modules. What one learns here is stored under the attribute `encoder`."""

from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.pretraining import PretrainingTask

__all__ = ("Optimisation", "PretrainingTask")
