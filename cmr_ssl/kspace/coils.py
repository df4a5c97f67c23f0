"""What receives a plane: simulated coils around the chest, and a smooth phase. Both are invented, see the package."""

import math

import torch
from torch import Tensor

AROUND_MM = 200.0  # from the heart's centre to the middle of a coil
ABOVE_MM = 60.0  # every second coil lies so far towards the base, the others towards the apex
REACH_MM = 130.0  # standard deviation of a coil's sensitivity
TURN_MM = 150.0  # over which the phase of a coil turns by one radian
MOST = 8  # coils
TERMS = 5  # of the polynomial of the phase


def pixel_places(affine: Tensor, rows: int, columns: int) -> Tensor:
    """Return where the pixels of planes with `affine` (n, 4, 4) lie in the heart frame, mm, (n, H, W, 3)."""
    row, column = (torch.arange(size, device=affine.device) for size in (rows, columns))
    along_columns, along_rows, origin = (affine[:, None, None, :3, axis] for axis in (0, 1, 3))
    return along_columns * column[:, None] + along_rows * row[:, None, None] + origin


def coil_places(coils: int, device: torch.device) -> Tensor:
    """Return the middles of coils on a ring around the heart, mm in the heart frame, (C, 3)."""
    number = torch.arange(coils, device=device)
    angle = 2 * math.pi * number / coils
    height = ABOVE_MM * (1 - 2 * (number % 2))
    return torch.stack([AROUND_MM * angle.cos(), AROUND_MM * angle.sin(), height], dim=-1)


def sensitivities(affine: Tensor, coils: int, rows: int, columns: int) -> Tensor:
    """Return how coils see the pixels of planes; the squares of their magnitudes add up to 1 at every pixel.

    s_c(r) = exp(-|r - r_c|^2 / (2 REACH^2) + i r . r_c / (|r_c| TURN)) / norm: all planes of a study share their coils.

    Args:
        affine: pixel to heart frame mm, (n, 4, 4).
        coils: how many, C.
        rows: of a plane, H.
        columns: of a plane, W.

    Returns:
        Sensitivities, (n, C, H, W) complex64.
    """
    pixels, coil = pixel_places(affine, rows, columns)[:, None], coil_places(coils, affine.device)[:, None, None]
    square = (pixels - coil).square().sum(dim=-1)  # (n, C, H, W)
    logarithm = -(square - square.amin(dim=1, keepdim=True)) / (2 * REACH_MM**2)  # no coil is too far to be seen
    strength = logarithm.exp()
    strength = strength / strength.square().sum(dim=1, keepdim=True).sqrt()
    return torch.polar(strength, (pixels * coil).sum(dim=-1) / (coil.norm(dim=-1) * TURN_MM))


def smooth_phase(numbers: Tensor, radians: float, rows: int, columns: int) -> Tensor:
    """Return exp(i phi), (n, H, W) complex64, of a phase that changes slowly over a plane and not over time.

    phi = radians (a x + b y + c x y + d x^2 + e y^2) / 5 with x and y from -1 to 1, so that |phi| <= radians.

    Args:
        numbers: uniform in [0, 1), (n, TERMS): the coefficients are twice these less 1.
        radians: largest phase.
        rows: of a plane, H.
        columns: of a plane, W.
    """
    y, x = (torch.linspace(-1, 1, size, device=numbers.device) for size in (rows, columns))
    terms = torch.stack(torch.broadcast_tensors(x, y[:, None], x * y[:, None], x * x, (y * y)[:, None]))
    phase = radians / TERMS * torch.einsum("nk,khw->nhw", 2 * numbers - 1, terms)
    return torch.polar(torch.ones_like(phase), phase)
