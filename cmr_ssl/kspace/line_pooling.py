"""One vector of a study from the lines in the middle of k-space, which every acquisition has."""

import torch
from torch import Tensor

from cmr_ssl.devices import without_autocast
from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.pooling import Pooling

ALONG_MM = (-45.0, -15.0, 15.0, 45.0)


class CentralLines(Pooling):
    """Average the tokens of each central line by itself, at levels of the heart and in parts of the beat.

    Lines further out differ from study to study and from frame to frame by chance; what they say reaches these tokens
    by attention. Beside the tokens it averages what the lines hold by themselves, as `LandmarkPooling` does.
    """

    levels: Tensor

    def __init__(
        self,
        encoder: Encoder,
        lines: int = 4,
        along_mm: tuple[float, ...] = ALONG_MM,
        reach_mm: float = 15.0,
        beats: int = 8,
    ) -> None:
        """Say of which lines, where and when.

        Args:
            encoder: what makes the tokens.
            lines: around k_y = 0, as many as the sampling always acquires at least.
            along_mm: heights of the levels, along the long axis of the heart.
            reach_mm: standard deviation of the weights around a level, of the middles of planes.
            beats: parts of the beat.

        Raises:
            ValueError: if there is no line, level, reach or beat.
        """
        super().__init__(encoder)
        if lines < 1 or beats < 1 or not along_mm or reach_mm <= 0:
            raise ValueError(
                f"pooling needs lines, levels, a reach and a beat: lines {lines}, along_mm {along_mm}, reach_mm "
                f"{reach_mm}, beats {beats}"
            )
        self.register_buffer("levels", torch.tensor(along_mm), persistent=False)
        self.lines, self.reach_mm, self.beats = lines, reach_mm, beats
        self.width = lines * len(along_mm) * beats * 2 * encoder.width

    def forward(self, encoded: Encoded) -> Tensor:
        """Return the means of tokens and lines, (B, lines * levels * beats * 2 D), zero where none was acquired."""
        where = encoded.where
        line, rows = where.cell[..., 2], where.cell[..., 3:4]
        middle = (where.centre - where.edges[..., 3:] * line[..., None] / rows)[..., 2]
        away = -(self.levels[:, None] - middle[:, None]).square() / (2 * self.reach_mm**2)  # (B, levels, N)
        numbers = torch.arange(self.lines, device=line.device) - self.lines // 2
        parts = torch.arange(self.beats, device=line.device)
        counts = (line[:, None] == numbers[:, None])[:, :, None] & encoded.exists[:, None, None]  # (B, lines, 1, N)
        counts = (
            counts & ((where.phase[:, None] * self.beats).long() == parts[:, None])[:, None]
        )  # (B, lines, beats, N)
        logits = away[:, None, :, None].masked_fill(~counts[:, :, None], -torch.inf)  # (B, lines, levels, beats, N)
        weights = logits.flatten(1, 3).softmax(dim=-1).nan_to_num()
        values = torch.cat([encoded.tokens, encoded.patches], dim=-1)
        with without_autocast(line.device):
            return (weights @ values.float()).flatten(1)
