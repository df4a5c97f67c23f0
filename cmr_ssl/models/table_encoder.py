"""The table encoder: the fields of a patient, one token each, into one vector of the patient."""

import torch
from torch import Tensor, nn

from cmr_ssl.models.transformer import SelfBlock, initialise, token_parameter

FURTHEST = 5.0  # standard deviations beyond which a number counts no more: some are skewed, some are slips of a pen


class TableEncoder(nn.Module):
    """A transformer over fields, with a class token; what is missing has a learnt token, and nothing is imputed.

    The token of field f is the sum of what field it is, e_f, and of its value: s_f z for numbers, with z standardised
    by the training split; the embedding of the class for what has classes; one learnt vector, shared by all fields,
    where nothing is known. ViTa (2025) imputes means instead and learns from them as if they were measured.
    """

    mean: Tensor
    deviation: Tensor
    first_class: Tensor

    def __init__(
        self,
        numbers: int,
        classes: list[int],
        width: int = 128,
        depth: int = 2,
        heads: int = 4,
        mlp_ratio: float = 4.0,
    ) -> None:
        """Build the encoder.

        Args:
            numbers: how many fields are numbers; they come first.
            classes: how many classes each other field has.
            width: features of a token.
            depth: number of blocks.
            heads: attention heads; must divide `width`.
            mlp_ratio: hidden width of the feed-forward networks over `width`.

        Raises:
            ValueError: if there is no field at all.
        """
        super().__init__()
        if numbers + len(classes) == 0:
            raise ValueError("a table without fields tells nothing: describe some in model.fields")
        self.numbers, self.width = numbers, width
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("deviation", torch.ones(numbers))
        starts = torch.tensor([0, *classes]).cumsum(0)[:-1] if classes else torch.zeros(0)
        self.register_buffer("first_class", starts.long(), persistent=False)
        self.identity = nn.Parameter(nn.init.trunc_normal_(torch.empty(numbers + len(classes), width), std=0.02))
        self.slopes = nn.Parameter(nn.init.trunc_normal_(torch.empty(numbers, width), std=0.02))
        self.classes = nn.Parameter(nn.init.trunc_normal_(torch.empty(sum(classes), width), std=0.02))
        self.missing, self.class_token = token_parameter(width), token_parameter(width)
        self.blocks = nn.ModuleList(SelfBlock(width, heads, mlp_ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.apply(initialise)

    @torch.no_grad()
    def fit_statistics(self, values: Tensor) -> None:
        """Take mean and standard deviation of each number over the training values (N, F), NaN left out."""
        numbers = values[:, : self.numbers].double()
        known = ~numbers.isnan()
        count = known.sum(dim=0).clamp(min=1)
        mean = torch.where(known, numbers, 0.0).sum(dim=0) / count
        square = torch.where(known, (numbers - mean).square(), 0.0).sum(dim=0) / count
        self.mean.copy_(mean)
        self.deviation.copy_(square.sqrt().clamp(min=1e-6))

    def standardised(self, values: Tensor) -> Tensor:
        """Return the numbers of values (B, F) as deviations from the mean in standard deviations, (B, numbers)."""
        z = (values[:, : self.numbers] - self.mean) / self.deviation
        return z.clamp(-FURTHEST, FURTHEST)

    def forward(self, values: Tensor) -> Tensor:
        """Return one vector a patient, (B, width), of values (B, F): numbers, then indices of classes; NaN unknown."""
        known = ~values.isnan()
        filled = torch.where(known, values, 0.0)
        of_numbers = self.standardised(filled)[..., None] * self.slopes
        of_classes = self.classes[filled[:, self.numbers :].long() + self.first_class]
        content = torch.cat([of_numbers, of_classes], dim=1)
        tokens = self.identity + torch.where(known[..., None], content, self.missing)
        tokens = torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens[:, 0])
