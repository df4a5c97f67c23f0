"""Volumes of a study by its own label maps."""

import numpy as np

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.doubts import set_aside, without_doubtful
from cmr_ssl.planes import VIEWS
from cmr_ssl.sources.label_folder import LabelledHeart, LabelledView
from cmr_ssl.study import Series, Study, check_study
from cmr_ssl.volumes import LabelMap, Measured
from cmr_ssl.volumes import measure as measure_maps


def measure(study: Study) -> Measured:
    """Measure volumes, ejection fractions and mass on a study's own label maps, as the command `quantify` does.

    What cannot be measured, or believed, is NaN, with the reason. Reasons under the name of a view tell why its label
    map was set aside.

    Raises:
        TypeError: if it is no study.
    """
    check_study(study)
    series = sorted(study.series, key=lambda one: VIEWS.index(one.view))
    heart = set_aside(LabelledHeart({one.view: _view(one, one.labels) for one in series if one.labels is not None}, {}))
    measured = without_doubtful(measure_maps({view: one.map for view, one in heart.views.items()}, heart.rate), heart)
    return measured._replace(reasons=heart.problems | measured.reasons)


def _view(series: Series, labels: np.ndarray) -> LabelledView:
    classes = {index: CLASSES[index] for index in series.annotated}
    return LabelledView(LabelMap(labels.T, series.affine), series.frame_ms, classes, series.stored is None, ())
