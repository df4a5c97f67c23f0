"""What a pretrained decoder says of fixed places of the heart: alike whichever planes were acquired.

Means of tokens change with the planes they come from. The decoder can be asked about the same places every time, and
what was not acquired it completes from the rest.
"""

import torch
from torch import Tensor, nn

from cmr_ssl.models.decoders import Decoder
from cmr_ssl.models.encoder import Encoded
from cmr_ssl.models.landmarks import Landmarks
from cmr_ssl.models.tokens import Coordinates

HEIGHTS_MM = torch.linspace(-50.0, 40.0, 9)  # short-axis planes asked for; the heart's centre is at 0, its base above
ACROSS_MM = 175.0  # side of the planes, around the long axis
CELLS = 6  # along a side; finer detail is where a study and its depleted self differ


class Completion(nn.Module):
    """Averages around landmarks of what a decoder says about fixed places, in each time step; no parameters.

    Nothing learns through it: the decoder is asked as the pretraining left it.
    """

    spots: Tensor

    def __init__(self, beats: int = 1) -> None:
        """Lay the places out.

        Args:
            beats: parts of the beat that are averaged by themselves.
        """
        super().__init__()
        across = (torch.arange(CELLS) - (CELLS - 1) / 2) * ACROSS_MM / CELLS
        spots = torch.cartesian_prod(across, across, HEIGHTS_MM.to(across.device))
        self.register_buffer("spots", spots, persistent=False)
        self.landmarks = Landmarks(beats=beats)

    def width(self, decoder: Decoder) -> int:
        """Return the number of averages of a decoder's features."""
        return self.landmarks.count * decoder.width

    @torch.no_grad()
    def forward(self, decoder: Decoder, encoded: Encoded, all_exist: bool = False) -> Tensor:
        """Ask and average.

        Args:
            decoder: that was pretrained with the encoder, whose positions are anatomical.
            encoded: what the encoder said of the tokens it saw, (B, K).
            all_exist: whether the caller knows that each of them exists.

        Returns:
            The averages, (B, landmarks * beats * decoder width).
        """
        asked = self.places(encoded)
        said = decoder.features(encoded, asked, all_exist)
        everywhere = torch.ones(said.shape[:2], dtype=torch.bool, device=said.device)
        averages: Tensor = self.landmarks(said.float(), everywhere, asked)
        return averages

    def places(self, encoded: Encoded) -> Coordinates:
        """Return the places asked for in each time step, (B, Q), with patches as large as those of each study."""
        frames, studies, device = encoded.grid.frames, len(encoded.tokens), encoded.tokens.device
        centre = self.spots.repeat_interleave(frames, dim=0).expand(studies, -1, -1)
        phase = ((torch.arange(frames, device=device) + 0.5) / frames).repeat(len(self.spots))
        there = encoded.exists[..., None].float()
        lengths = encoded.where.edges.unflatten(-1, (2, 3)).norm(dim=-1)  # (B, K, 2): of columns and of rows
        along, down = ((lengths * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)).unbind(-1)
        none = torch.zeros_like(along)
        edges = torch.stack([along, none, none, none, -down, none], dim=-1)[:, None].expand(-1, centre.shape[1], -1)
        cell = torch.zeros(*centre.shape[:2], 4, dtype=torch.long, device=device)
        short_axis = torch.ones(centre.shape[:2], dtype=torch.bool, device=device)
        return Coordinates(centre, edges, phase.expand(studies, -1), cell, short_axis)
