import pytest
import torch
from monai.networks.nets import BasicUNet

from cmr_ssl.models.plane_network import PlaneNetwork


@pytest.mark.parametrize("joint", [1, 2, 3, 4])
def test_something_joins_where_the_resolution_is_its_own(joint):
    torch.manual_seed(0)
    network, images = PlaneNetwork(4, 3, joint).eval(), torch.rand(2, 32, 48)
    places = (2, network.joint_width, 32 >> joint, 48 >> joint)
    alone, same, other = network(images), network(images, torch.zeros(places)), network(images, torch.ones(places))
    assert alone.shape == (2, 3, 32, 48)
    torch.testing.assert_close(same, alone)
    assert not torch.allclose(other, alone, atol=1e-3)


@pytest.mark.parametrize("size", [(32, 48), (36, 50)])
def test_alone_it_is_the_plain_network_also_where_sizes_cannot_be_halved(size):
    network, images = PlaneNetwork(4, 3).eval(), torch.rand(2, *size)
    assert torch.equal(network(images), BasicUNet.forward(network, 2 * images[:, None] - 1))


def test_images_that_are_too_small_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="at least 32 x 32 pixels, not 16 x 48"):
        PlaneNetwork(4, 3)(torch.rand(1, 16, 48))


@pytest.mark.parametrize("size", [32, 64])
def test_what_it_says_does_not_depend_on_whether_something_is_learnt(size):
    torch.manual_seed(0)
    network, images = PlaneNetwork(4, 3, joint=2), torch.rand(2, size, size)
    added = torch.rand(2, network.joint_width, size // 4, size // 4)
    with torch.no_grad():
        answer = network(images, added)
    assert answer.is_contiguous()
    torch.testing.assert_close(answer, network(images, added))


def test_channels_lie_last_in_every_convolution_where_nothing_is_learnt():
    network, seen = PlaneNetwork(4, 3), []
    for part in network.modules():
        if isinstance(part, torch.nn.Conv2d) and part.in_channels > 1:
            part.register_forward_pre_hook(
                lambda _, given: seen.append(given[0].is_contiguous(memory_format=torch.channels_last))
            )
    with torch.no_grad():
        network(torch.rand(2, 64, 64))
    assert len(seen) == 18
    assert all(seen)
    seen.clear()
    network(torch.rand(2, 64, 64))
    assert not any(seen)
