"""An encoder whose patches are lines of k-space."""

from torch import Tensor

from cmr_ssl.kspace.acquisition import Acquisition
from cmr_ssl.kspace.lines import Lines
from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.positions import Positions
from cmr_ssl.models.tokens import Tokens


class LineEncoder(Encoder):
    """The encoder of images with another patch: a line, 2 * coils * samples values, see `to_lines`.

    It sees lines that were acquired and no others, so that its cost falls as the acceleration rises. How k-space is
    simulated belongs to it: checkpoints tell.
    """

    def __init__(
        self,
        acquisition: Acquisition,
        positions: Positions,
        samples: int = 128,
        width: int = 512,
        depth: int = 6,
        heads: int = 8,
        mlp_ratio: float = 4.0,
    ) -> None:
        """Build the encoder.

        Args:
            acquisition: how k-space is simulated, and which lines are acquired.
            positions: how lines know where they are, `LinePositions`.
            samples: of a readout, the columns of prepared planes.
            width: features of a token.
            depth: number of blocks.
            heads: attention heads; must divide `width`.
            mlp_ratio: hidden width of the feed-forward networks over `width`.
        """
        super().__init__(positions, (1, 1, 2 * acquisition.coils * samples), width, depth, heads, mlp_ratio)
        self.acquisition, self.samples = acquisition, samples

    def encode_lines(self, lines: Lines) -> Encoded:
        """Encode the lines that were acquired; those of absent planes are attended to by nobody."""
        return self(lines.seen())

    def tokenise(self, images: Tensor, affine: Tensor, present: Tensor) -> Tokens:
        """Refuse images.

        Raises:
            ValueError: always, naming the tasks that this encoder is for.
        """
        raise ValueError(
            "this encoder reads lines of k-space, not images: use it in LinePretrainingTask, LinePhenotypeTask or "
            "LineSegmentationTask of cmr_ssl.tasks"
        )
