"""What tasks on lines of k-space share. The k-space is simulated from magnitude images, see `cmr_ssl.kspace`."""

from copy import copy
from typing import Self

from torch import Tensor, nn
from torch.nn.functional import one_hot

from cmr_ssl.devices import sent, without_autocast
from cmr_ssl.kspace import Acquisition, LineEncoder, Lines
from cmr_ssl.kspace.chance import draw_planes
from cmr_ssl.models import Decoder, Embedding, Encoded, Landmarks
from cmr_ssl.models.tokens import take
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import subject_seeds
from cmr_ssl.tasks.encoder_task import Embedded, EncoderTask


class LineTask(EncoderTask):
    """Base of tasks whose encoder sees the lines of k-space that were acquired.

    Batches are images, as everywhere; the task itself acquires their lines. Which ones depends on seed, subject and,
    in training, epoch.

    Attributes:
        acquisition: that of the encoder, or the same at another acceleration.
        seed: of phase, lines and noise.
    """

    encoder: LineEncoder
    acquisition: Acquisition
    seed: int

    def at(self, acceleration: float) -> Self:
        """Return the same task, with the same weights, on k-space of another acceleration."""
        other = copy(self)
        other.acquisition = self.acquisition.at(acceleration)
        return other

    def check_planes(self) -> None:
        """Check in `setup` that lines can be made of the data, before anything is trained.

        Raises:
            ValueError: if planes are of another size than the encoder's lines, odd, without whole beats, or have fewer
                lines than the acceleration asks for.
        """
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        _, frames, rows, columns = data.shape
        if columns != self.encoder.samples:
            raise ValueError(
                f"planes of {data.cache} have {columns} columns, but a readout of this encoder has "
                f"{self.encoder.samples} samples: set --model.encoder.samples {columns}, or prepare planes of that size"
            )
        check_beat(frames, str(data.cache))
        self.acquisition.check_size(rows, columns)

    def acquire(self, batch: Sample, *parts: object) -> Lines:
        """Acquire the lines of a batch, images (B, P, T, H, W); which ones depends on seed, subject and `parts`."""
        planes = batch.images.shape[1]
        draws = draw_planes(planes, subject_seeds(batch.subject, self.seed, "k-space", *parts))
        draws = sent(draws.flatten(0, 1), batch.images.device)
        return Lines.of(self.acquisition.acquire(batch.images.flatten(0, 1), batch.affine.flatten(0, 1), draws), batch)

    def predicted(self, decoder: Decoder, encoded: Encoded, lines: Lines, ids: Tensor) -> Tensor:
        """Return what the lines `ids` (B, Q) hold, (B, Q, 2 C W).

        The decoder predicts by how much they differ from what was measured at their k_y in the frames nearby.
        """
        change = decoder(encoded._replace(where=lines.for_decoder()), lines.where.take(ids))
        return take(lines.shared(), ids) + change.float()

    def encode(self, batch: Sample) -> Encoded:
        """Encode the lines that are acquired in an evaluation, the same every time."""
        return self.encoder.encode_lines(self.acquire(batch))

    def embed(self, batch: Sample) -> Embedded:
        """Return the vectors of a batch whose images are intensities 0 to 1, (B, P, T, H, W)."""
        lines = self.acquire(batch)
        return Embedded(None, embedding_of_lines(self.encoder.encode_lines(lines), lines))


def unchanging(decoder: Decoder) -> Decoder:
    """Let a new decoder predict no change at first, and return it: better than any that is drawn."""
    nn.init.zeros_(decoder.pixels.weight)
    nn.init.zeros_(decoder.pixels.bias)
    return decoder


def check_beat(frames: int, cache: str) -> None:
    """Raise ValueError where planes have too few frames for a beat."""
    if frames < 4:
        raise ValueError(
            f"planes of {cache} have {frames} frames, which are no whole beat: k-space of cines needs 4 or more, so "
            "prepare cines with more frames"
        )


def embedding_of_lines(encoded: Encoded, lines: Lines) -> Embedding:
    """Return means of the tokens of lines around landmarks, over the study and of each plane, and the class token."""
    exists, around = encoded.exists, Landmarks().to(encoded.tokens.device)
    plane = one_hot(lines.visible // lines.grid.per_plane, lines.grid.planes).float() * exists[..., None]  # (B, K, P)
    with without_autocast(exists.device):
        tokens = encoded.tokens.float()
        planes = plane.mT @ tokens / plane.sum(dim=1).clamp(min=1)[..., None]
    return Embedding(
        landmarks=around(tokens, exists, encoded.where),
        class_token=encoded.class_token.float(),
        mean=_mean(tokens, exists),
        planes=planes,
    )


def _mean(tokens: Tensor, exists: Tensor) -> Tensor:
    return (tokens * exists[..., None]).sum(dim=1) / exists.sum(dim=1, keepdim=True).clamp(min=1)
