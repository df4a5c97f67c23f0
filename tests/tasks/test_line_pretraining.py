import torch

from cmr_ssl.tasks.line_pretraining import nmse
from tests.kspace.tiny_lines import line_task
from tests.tiny import tiny_batch


def test_an_untrained_model_is_measured_beside_zero_filling_and_the_truth_is_perfect():
    measured = line_task().measure(tiny_batch())
    assert (measured["nmse_zero_filled"] > 0).all()
    assert measured["nmse"].isfinite().all()
    assert (nmse(tiny_batch().images, tiny_batch()) == 0).all()


def test_lines_of_absent_planes_are_not_judged():
    batch = tiny_batch()
    batch.present[:, 2] = False
    other = batch._replace(images=batch.images.clone())
    other.images[:, 2] = 0
    first, second = line_task().measure(batch), line_task().measure(other)
    for name in first:
        torch.testing.assert_close(first[name], second[name])


def test_a_step_learns_and_reaches_every_weight():
    pretraining = line_task(asked=0.5).train()
    losses = []
    optimiser = torch.optim.Adam(pretraining.parameters(), 3e-3)
    lines = pretraining.acquire(tiny_batch())
    for _ in range(24):
        ids = pretraining.some_hidden(lines, [1, 2])
        loss = pretraining.losses(lines, ids, pretraining.predict_lines(lines, ids)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.95 * losses[0]
    assert not [name for name, weight in pretraining.named_parameters() if weight.grad is None]
