import torch

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.models.baselines import PlanesResNet, PlaneUNet
from tests.tiny import tiny_batch


def test_planes_that_are_absent_are_zero_images_to_the_residual_network():
    network, batch = PlanesResNet(7, width=8).eval(), tiny_batch()
    batch.present[:, 2] = False
    painted = batch.images.clone()
    painted[:, 2] = 0.7
    with torch.inference_mode():
        told, again = (network(images, batch.present) for images in (batch.images, painted))
    assert told.shape == (2, network.width)
    torch.testing.assert_close(again, told)


def test_what_the_residual_network_learns_of_a_study_does_not_depend_on_the_others_of_its_batch():
    network, batch = PlanesResNet(7, width=8).train(), tiny_batch()
    with torch.no_grad():
        together = network(batch.images, batch.present)
        alone = network(batch.images[:1], batch.present[:1])
    torch.testing.assert_close(together[:1], alone, rtol=1e-3, atol=1e-3)


def test_the_u_net_sees_one_frame_of_one_plane_at_a_time():
    network, images = PlaneUNet(4).eval(), tiny_batch(1).images.repeat_interleave(2, 3).repeat_interleave(2, 4)
    with torch.inference_mode():
        told = network(images, torch.tensor([[0, 5]]))
        painted = images.clone()
        painted[:, 1:], painted[:, 0, 1:] = 0.3, 0.3
        again = network(painted, torch.tensor([[0, 5]]))
    assert told.shape == (1, 7, len(CLASSES), 2, 32, 32)
    torch.testing.assert_close(again[0, 0, :, 0], told[0, 0, :, 0])
    assert not torch.allclose(again[0, 0, :, 1], told[0, 0, :, 1])
