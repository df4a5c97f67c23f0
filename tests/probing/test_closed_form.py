import torch

from cmr_ssl.probing.closed_form import scores, solve


def test_a_linear_target_is_found_in_physical_units_whatever_the_units_of_the_features():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(60, 5, generator=generator) * torch.tensor([1.0, 10.0, 0.1, 1.0, 0.0]) + 7.0
    targets = (150 + 20 * (features[:, 1] - 7) / 10 - 4 * (features[:, 2] - 7) / 0.1)[:, None]
    head = solve(features[:40, None], targets[:40], ["LVEF (%)"])
    assert scores(head.predict(features[40:]), targets[40:].double())[0] > 0.99


def test_scores_by_hand_leave_out_what_is_unknown():
    true = torch.tensor([[1.0, 10.0], [3.0, torch.nan], [5.0, 30.0]])
    predicted = torch.tensor([[1.0, 20.0], [3.0, 0.0], [2.0, 20.0]])
    r2, mae = scores(predicted, true)
    torch.testing.assert_close(r2, torch.tensor([1 - 9 / 8, 0.0]))
    torch.testing.assert_close(mae, torch.tensor([1.0, 10.0]))


def test_a_volume_is_read_better_as_the_length_that_features_show():
    generator = torch.Generator().manual_seed(0)
    radius = 20 + 10 * torch.rand(60, 1, generator=generator)
    volumes = radius**3 / 100
    errors = [
        (solve(radius[:40, None], volumes[:40], [name]).predict(radius[40:]) - volumes[40:]).abs().max()
        for name in ("LVEDV (mL)", "LVEDV", "Score")
    ]
    assert max(errors[:2]) < 0.1 < 1 < errors[2]  # LVEDV is known to be in mL by its name alone
