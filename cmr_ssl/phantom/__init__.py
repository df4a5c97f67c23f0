"""A synthetic cohort: beating whole hearts of exactly known volumes, sliced and filed as UK Biobank does it.

The package can be called: ``cmr_ssl.phantom(seed=7, subject=3)`` makes one study; see `synthetic_study`.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmr_ssl.phantom.cohort_spec import FaultsName, PathologyName, PresetName
    from cmr_ssl.study import Study


class CallablePackage(ModuleType):
    """A package that is also the function `cmr_ssl.phantom`: one attribute cannot be both."""

    def __call__(
        self,
        seed: int = 7,
        subject: int = 1,
        preset: "PresetName" = "full",
        faults: "FaultsName" = "none",
        pathology: "PathologyName" = "mixed",
        scanner: str = "default",
    ) -> "Study":
        """Make a synthetic study with exact labels; see `cmr_ssl.phantom.synthetic_study.phantom`."""
        from cmr_ssl.phantom.synthetic_study import phantom

        return phantom(seed, subject, preset, faults, pathology, scanner)


sys.modules[__name__].__class__ = CallablePackage
