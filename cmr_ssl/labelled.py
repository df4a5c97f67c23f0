"""Measure volumes on the label maps of a study."""

import numpy as np

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.doubts import without_doubtful, without_implausible
from cmr_ssl.planes import VIEWS
from cmr_ssl.sources.label_folder import LabelledHeart, LabelledView
from cmr_ssl.study import Series, Study, check_study
from cmr_ssl.volumes import LabelMap, Measured
from cmr_ssl.volumes import measure as measure_maps


def measure(study: Study) -> Measured:
    """Measure volumes, ejection fractions and mass on a study's own label maps, as the command `quantify` does.

    What cannot be measured, or trusted, is NaN, with the reason. Reasons under the name of a view are those for which
    its label map was left out.

    Raises:
        TypeError: if it is no study.
    """
    check_study(study)
    series = sorted(study.series, key=lambda item: VIEWS.index(item.view))
    views = {item.view: _view(item, item.labels) for item in series if item.labels is not None}
    heart = without_implausible(LabelledHeart(views, {}))
    maps = {name: view.map for name, view in heart.views.items()}
    measured = without_doubtful(measure_maps(maps, heart.rate), heart)
    return measured._replace(reasons=heart.problems | measured.reasons)


def _view(series: Series, labels: np.ndarray) -> LabelledView:
    classes = {index: CLASSES[index] for index in series.annotated}
    return LabelledView(LabelMap(labels.T, series.affine), series.frame_ms, classes, series.stored is None, ())
