import pytest
import torch

from cmr_ssl.anatomy import CLASSES, LA, LV, RV
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.tasks.structure_confidence import (
    Confidence,
    least,
    named,
    no_confidence,
    structure_confidence,
    without_unsure,
)
from cmr_ssl.volumes import Measured

SA, FOUR = VIEWS.index(SHORT_AXIS), VIEWS.index("la_4ch")


def study(*probabilities, view=(SA,), present=(True,)):
    """Return the confidence of a study whose planes have two pixels each, with these probabilities of the LV."""
    logits = torch.full((1, len(view), len(CLASSES), 1, 1, 2), -torch.inf)
    lv = torch.tensor(probabilities).reshape(1, len(view), 1, 1, 2)
    logits[:, :, LV], logits[:, :, 0] = lv.log(), (1 - lv).log()
    labels = (lv > 0.5).to(torch.uint8) * LV
    return structure_confidence(logits, labels, torch.tensor([view]), torch.tensor([present]))


def known(**values):
    """Return confidences of the short axis."""
    confidence = no_confidence()
    for name, value in values.items():
        confidence[SA, CLASSES.index(name)] = value
    return confidence


def test_it_is_the_dice_that_the_probabilities_promise_by_hand():
    found = study(0.9, 0.2)
    assert found[0, SA, LV].item() == pytest.approx(2 * 0.9 / (0.9 + 0.2 + 1))
    assert found[0, SA, 0].item() == pytest.approx(2 * 0.8 / (0.1 + 0.8 + 1))


@pytest.mark.parametrize("mixed", [False, True])
def test_each_view_has_its_own_and_absent_planes_none_in_any_precision(mixed):
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        found = study(0.9, 0.2, 0.6, 0.6, 0.7, 0.7, view=(SA, FOUR, SA), present=(True, True, False))
    assert found[0, SA, LV].item() == pytest.approx(2 * 0.9 / (0.9 + 0.2 + 1))
    assert found[0, FOUR, LV].item() == pytest.approx(2 * 1.2 / (1.2 + 2))


def test_what_is_not_predicted_has_none():
    found = study(0.2, 0.1)
    assert found[0, SA, [LV, RV, LA]].isnan().all()
    assert found[0, FOUR].isnan().all()


def test_the_lowest_of_several_studies_ignores_those_without_the_structure():
    lowest = least(torch.stack([known(LV=0.9), known(LV=0.8, RV=0.7), no_confidence()]))
    assert named(lowest) == pytest.approx({"LV": 0.8, "RV": 0.7})


@pytest.mark.parametrize(("value", "unsure"), [(0.79, True), (0.81, False), (0.95, False)])
def test_a_structure_is_not_measured_where_the_network_is_twice_as_unsure_as_ever_in_validation(value, unsure):
    measured = Measured({"RVEDV (mL)": 150.0, "LVEDV (mL)": 140.0}, {}, {})
    found = without_unsure(measured, Confidence(known(RV=value, LV=0.2), known(RV=0.9)))
    assert found.values["LVEDV (mL)"] == 140.0  # nothing was learnt of it in validation
    assert (found.values["RVEDV (mL)"] != 150.0) is unsure
    assert ("unsure of the RV (confidence 0.79; in validation 0.90" in str(found.reasons)) is unsure
