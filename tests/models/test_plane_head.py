import pytest
import torch

from cmr_ssl.models.baselines import PlanesResNet, PlaneUNet
from cmr_ssl.models.plane_head import PlaneHead, pick_frames, slow_curves
from cmr_ssl.models.tokens import Grid
from tests.tiny import tiny_batch, tiny_encoder, tokens_of


def decode(planes=3, frames=((0, 3),), head=None):
    encoder = tiny_encoder()
    torch.manual_seed(1)
    head = head or taught(PlaneHead(encoder, channels=4))
    batch = tiny_batch(1, slices=planes, views=(), seed=2, size=32)
    encoded = encoder(tokens_of(batch))
    drawn = torch.randn(encoded.tokens.shape, generator=torch.Generator().manual_seed(3))
    return head.eval(), batch.images, encoded._replace(tokens=drawn), torch.tensor(frames)


def taught(head):
    """Return the head with something for its tokens to say."""
    for layer in (head.expand, head.vote):
        torch.nn.init.normal_(layer.weight, std=0.1)
    return head


def by_place(encoded):
    """Return a copy of the tokens by plane, frame, row and column, (B, P, t, h, w, D)."""
    return encoded.tokens.clone().unflatten(1, tuple(encoded.grid))


def saying(encoded, tokens):
    """Return the same places with other tokens, as `by_place` gives them."""
    return encoded._replace(tokens=tokens.flatten(1, 4))


def test_every_plane_and_chosen_frame_gets_a_score_for_each_class():
    head, *inputs = decode(planes=5, frames=((0, 3, 7),))
    assert head(*inputs).shape == (1, 5, 6, 3, 32, 32)


def test_a_frame_is_segmented_the_same_whichever_others_are_chosen():
    head, images, encoded, _ = decode()
    both = head(images, encoded, torch.tensor([[2, 6]]))
    alone = head(images, encoded, torch.tensor([[6]]))
    torch.testing.assert_close(both[:, :, :, 1:], alone, atol=1e-5, rtol=1e-4)


def test_what_is_segmented_together_without_learning_changes_nothing():
    head, images, encoded, _ = decode(planes=9)
    frames = torch.arange(8)[None]
    learning = head(images, encoded, frames)
    with torch.no_grad():
        torch.testing.assert_close(head(images, encoded, frames), learning, atol=1e-5, rtol=1e-4)


def test_a_plane_is_segmented_from_its_own_image_and_its_own_tokens():
    head, images, encoded, frames = decode()
    before = head(images, encoded, frames)
    other_image, other_tokens = images.clone(), by_place(encoded)
    other_image[:, 1] = 1 - other_image[:, 1]
    other_tokens[:, 1] += 1.0
    for after in (head(other_image, encoded, frames), head(images, saying(encoded, other_tokens), frames)):
        torch.testing.assert_close(after[:, [0, 2]], before[:, [0, 2]], atol=1e-5, rtol=1e-4)
        assert not torch.allclose(after[:, 1], before[:, 1], atol=1e-3)


def test_tokens_speak_to_the_frames_they_cover():
    head, images, encoded, _ = decode()
    late = by_place(encoded)
    late[:, :, 1] += 1.0  # the second half of the beat
    frames = torch.tensor([[1, 5]])
    before, after = (head(images, some, frames) for some in (encoded, saying(encoded, late)))
    torch.testing.assert_close(after[:, :, :, 0], before[:, :, :, 0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(after[:, :, :, 1], before[:, :, :, 1], atol=1e-3)


def test_tokens_vote_where_they_are_whatever_the_image_shows():
    head, images, encoded, frames = decode()
    torch.nn.init.zeros_(head.network.final_conv.weight)
    before = head(images, encoded, frames)
    torch.testing.assert_close(head(1 - images, encoded, frames), before)
    moved = by_place(encoded)
    moved[:, 0, :, 0, 0] += 1.0  # the upper left corner of the first plane
    changed = (head(images, saying(encoded, moved), frames) - before).abs().amax(dim=(0, 2, 3)) > 1e-4
    assert changed[0, 0, 0]
    assert not changed[1:].any()
    assert not changed[0, 12:].any()


def test_what_tokens_say_of_a_frame_that_nobody_labelled_is_learnt_from_those_around_it():
    """Few patients have their end-systole at the same frame, and the next one's lies between theirs."""
    encoder = tiny_encoder(patch=(8, 8, 8))
    torch.manual_seed(0)
    head = PlaneHead(encoder, channels=4)
    tokens, grid = torch.randn(1, 4, encoder.width), Grid(1, 1, 2, 2)
    optimizer = torch.optim.SGD(head.vote.parameters(), lr=0.05)
    for _ in range(200):
        said = head.framewise(head.vote(tokens), grid)
        optimizer.zero_grad()
        (said[:, :, [0, 4, 6]] - torch.tensor([0.0, 1.0, 1.0])[:, None, None, None]).square().mean().backward()
        optimizer.step()
    said = head.framewise(head.vote(tokens), grid).detach()
    torch.testing.assert_close(said[:, :, 5], torch.ones_like(said[:, :, 5]), atol=0.2, rtol=0)


@pytest.mark.parametrize("frames", [1, 2, 16])
def test_curves_over_a_patch_are_orthogonal_and_no_more_than_its_frames(frames):
    curves = slow_curves(3, frames)
    assert curves.shape == (min(3, frames), frames)
    products = curves @ curves.T
    torch.testing.assert_close(products, torch.diag(products.diag()), atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="curves must be at least 1"):
        slow_curves(0, frames)


def test_where_tokens_are_has_a_say():
    head, images, encoded, frames = decode()
    elsewhere = encoded.where._replace(centre=encoded.where.centre + torch.tensor([0.0, 0.0, 40.0]))
    moved = head(images, encoded._replace(where=elsewhere), frames)
    assert (moved - head(images, encoded, frames)).abs().max() > 1e-3


@pytest.mark.parametrize("patch", [(4, 8, 16), (4, 6, 6), (4, 1, 1), (4, 32, 32)])
def test_patches_that_cannot_be_halved_down_to_are_refused(patch):
    with pytest.raises(ValueError, match="square patches of 2, 4, 8 or 16"):
        PlaneHead(tiny_encoder(patch=patch))


def test_each_subject_has_its_own_frames():
    cines = torch.arange(24.0).reshape(2, 2, 6)
    picked = pick_frames(cines, torch.tensor([[0, 5], [3, 1]]))
    torch.testing.assert_close(picked, torch.tensor([[[0.0, 5], [6, 11]], [[15.0, 13], [21, 19]]]))


def test_the_baselines_see_what_exists():
    batch = tiny_batch(subjects=2)
    torch.manual_seed(0)
    net = PlanesResNet(planes=batch.images.shape[1], width=8).eval()
    present = batch.present.clone()
    present[:, 0] = False
    hidden = batch.images.clone()
    hidden[:, 0] = 0.5
    assert net(batch.images, batch.present).shape == (2, net.width)
    torch.testing.assert_close(net(hidden, present), net(batch.images, present))
    assert not torch.allclose(net(batch.images, batch.present), net(batch.images, present))


def test_the_plain_unet_segments_the_same_frames_in_the_same_layout():
    torch.manual_seed(0)
    images = torch.rand(2, 3, 4, 32, 32)
    net, frames = PlaneUNet(channels=4).eval(), torch.tensor([[0, 2], [3, 1]])
    logits = net(images, frames)
    assert logits.shape == (2, 3, 6, 2, 32, 32)
    torch.testing.assert_close(logits[1, 2, :, 0], net(images[1:, 2:], torch.tensor([[3]]))[0, 0, :, 0])


def test_before_anybody_taught_it_most_pixels_are_background():
    head, *inputs = decode(head=PlaneHead(tiny_encoder(), channels=4))
    for logits in (head(*inputs), PlaneUNet(4).eval()(inputs[0], inputs[2])):
        assert (logits.argmax(dim=2) == 0).float().mean() > 0.95


def test_without_anything_from_the_tokens_it_is_the_plain_network():
    head, images, encoded, frames = decode(head=PlaneHead(tiny_encoder(), channels=4))
    plain = PlaneUNet(4).eval()
    plain.net.load_state_dict(head.network.state_dict())
    torch.testing.assert_close(head(images, encoded, frames), plain(images, frames))
