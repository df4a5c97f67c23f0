"""Measures of regions and of motion from label maps: walls, strains, valves, rates; numpy and scipy only."""

from cmr_ssl.measures.long_table import to_csv
from cmr_ssl.measures.regional import regional
from cmr_ssl.measures.value import Value

__all__ = ["Value", "regional", "to_csv"]
