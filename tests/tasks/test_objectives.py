import numpy as np
import pandas as pd
import pytest
import torch

from cmr_ssl.tasks import Classification, Regression


def learnt(values, **options):
    objective = Regression(**options)
    names = [f"Score {index}" for index in range(np.shape(values)[1])]
    return learnt_of(objective, names, values)


def learnt_of(objective, names, values):
    objective.outputs(names)
    objective.fit_statistics(np.array(values, np.float32), names)
    return objective


def test_statistics_are_of_what_is_known():
    objective = learnt([[1.0, 100.0], [3.0, np.nan], [np.nan, 300.0]])
    torch.testing.assert_close(objective.mean, torch.tensor([2.0, 200.0]))
    torch.testing.assert_close(objective.deviation, torch.tensor([1.0, 100.0]))
    assert set(objective.state_dict()) == {"sizes", "mean", "deviation", "half_width"}


def test_volumes_are_learnt_as_lengths_and_predicted_in_ml():
    objective = learnt_of(Regression(), ["LVEDV (mL)", "LVEF (%)"], [[64.0, 50.0], [216.0, 70.0]])
    torch.testing.assert_close(objective.mean, torch.tensor([5.0, 60.0]))
    torch.testing.assert_close(objective.deviation, torch.tensor([1.0, 10.0]))
    true = torch.tensor([[343.0, 50.0], [torch.nan, 80.0]])
    outputs = objective.target_outputs(true)
    torch.testing.assert_close(outputs, torch.tensor([[2.0, -1.0], [torch.nan, 2.0]]), equal_nan=True)
    torch.testing.assert_close(objective.predict(outputs), true, equal_nan=True)
    weights = objective.state_dict()
    del weights["sizes"]  # as earlier versions wrote them, whose mean and deviation are those of volumes
    objective.load_state_dict(weights | {"mean": torch.tensor([140.0, 60.0]), "deviation": torch.tensor([76.0, 10.0])})
    torch.testing.assert_close(objective.predict(torch.tensor([[1.0, 0.0]])), torch.tensor([[216.0, 60.0]]))


def test_a_validation_says_how_far_off_predictions_are_and_a_checkpoint_keeps_it():
    objective, true = learnt([[0.0, 10.0], [2.0, 30.0]]), torch.zeros(19, 2)
    true[:, 1] = torch.nan
    outputs = torch.linspace(-1.9, -0.1, 19)[:, None].expand(-1, 2)  # predictions -0.9 to 0.9
    objective.watch_validation(outputs, true)
    assert objective.half_widths(["a", "b"]) == {"a": pytest.approx(0.9)}  # the 18th of 19 errors; of b none is known
    again = learnt([[0.0, 10.0], [2.0, 30.0]])
    again.load_state_dict(objective.state_dict())
    assert again.half_widths(["a", "b"]) == objective.half_widths(["a", "b"])
    predicted, truth = np.array([[0.5, 1.0], [-2.0, 1.0]]), np.zeros((2, 2))
    assert {name: share.value for name, share in again.coverages(predicted, truth, ["a", "b"]).items()} == {"a": 0.5}
    weights = objective.state_dict()
    del weights["half_width"]  # as earlier versions wrote them
    again.load_state_dict(weights)
    assert again.half_widths(["a", "b"]) == {}


def test_predictions_come_back_in_physical_units():
    objective = learnt([[1.0, 100.0], [3.0, 300.0]])
    torch.testing.assert_close(objective.predict(torch.tensor([[1.0, -0.5]])), torch.tensor([[3.0, 150.0]]))


@pytest.mark.parametrize(("delta", "expected"), [(None, 4.0), (1.0, 1.5)])
def test_errors_count_in_standard_deviations(delta, expected):
    objective = learnt([[1.0], [3.0]], huber_delta=delta)
    loss = objective.loss(torch.tensor([[2.0]]), torch.tensor([[2.0]]))  # two deviations too much
    assert loss.item() == pytest.approx(expected)


def test_missing_values_are_masked_and_cost_nobody_else():
    objective = learnt([[1.0, 100.0], [3.0, 300.0]], huber_delta=None)
    outputs = torch.tensor([[0.0, 7.0], [0.0, 7.0]], requires_grad=True)
    losses = objective.loss(outputs, torch.tensor([[3.0, torch.nan], [torch.nan, torch.nan]]))
    assert losses[0].item() == pytest.approx(1.0)
    assert losses[1].isnan()
    losses[0].backward()
    assert outputs.grad[0, 1] == 0


def test_rare_classes_weigh_more_so_that_all_weigh_the_same():
    objective = Classification(["ill", "well"])
    assert objective.outputs(["disease"]) == 2
    objective.fit_statistics(np.array([[0], [1], [1], [1], [np.nan]], np.float32), ["disease"])
    torch.testing.assert_close(objective.weights, torch.tensor([2.0, 2 / 3]))


def test_a_diagnosis_is_a_distribution_and_unknown_ones_do_not_count():
    objective = Classification(["ill", "well"], balanced=False)
    outputs = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    torch.testing.assert_close(objective.predict(outputs).sum(dim=1), torch.ones(2))
    losses = objective.loss(outputs, torch.tensor([[0.0], [torch.nan]]))
    assert losses[0].item() == pytest.approx(np.log(1 + np.exp(-2)), rel=1e-5)
    assert losses[1].isnan()


def test_classes_are_read_as_their_index_and_unknown_ones_as_nan(tmp_path):
    table, ids = tmp_path / "table.csv", ["900000001", "900000002", "900000003"]
    pd.DataFrame({"eid": ids, "Pathology": ["hcm", "dcm", ""]}).to_csv(table, index=False)
    found = Classification(["hcm", "dcm", "none of this cohort"]).read_targets(table, ["Pathology"], ids)
    np.testing.assert_array_equal(found["Pathology"], [0, 1, np.nan])
    assert list(found.index) == ids
    with pytest.raises(ValueError, match=r"has the classes \['dcm', 'hcm'\], but the objective names \['hcm', 'x'\]"):
        Classification(["hcm", "x"]).read_targets(table, ["Pathology"], ids)


def test_classes_may_be_numbers_as_tables_code_them():
    assert Classification([0, 1]).classes == Classification(["0", "1"]).classes == ["0", "1"]


def test_what_cannot_be_learnt_is_said():
    with pytest.raises(ValueError, match="at least two classes"):
        Classification(["ill"])
    with pytest.raises(ValueError, match="one target, got a, b"):
        Classification(["ill", "well"]).outputs(["a", "b"])
    with pytest.raises(ValueError, match="no training subject has disease 'well'"):
        Classification(["ill", "well"]).fit_statistics(np.zeros((2, 1), np.float32), ["disease"])
    with pytest.raises(ValueError, match="huber_delta"):
        Regression(huber_delta=0.0)


def test_a_solved_head_aims_at_what_would_be_predicted_right():
    regression = Regression()
    regression.outputs(["a", "b"])
    regression.fit_statistics(np.array([[10.0, 1.0], [20.0, 5.0]], np.float32), ["a", "b"])
    true = torch.tensor([[12.0, torch.nan], [17.0, 4.0]])
    torch.testing.assert_close(regression.predict(regression.target_outputs(true)), true, equal_nan=True)
    classes = Classification(["ill", "well", "unsure"])
    aims = classes.target_outputs(torch.tensor([[1.0], [torch.nan], [2.0]]))
    assert aims.shape == (3, 3)
    assert aims[1].isnan().all()
    assert classes.predict(aims)[[0, 2]].argmax(dim=1).tolist() == [1, 2]
