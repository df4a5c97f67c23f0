"""A reconstruction that costs nothing: a line that a frame lacks comes from the frames nearby that have it."""

from torch import Tensor

from cmr_ssl.kspace.acquisition import Acquired
from cmr_ssl.kspace.lines import from_lines, share, to_lines
from cmr_ssl.kspace.reconstruction import Reconstruction


class ViewSharing(Reconstruction):
    """View sharing (Markl and Hennig, MRI 2001): hearts move little from frame to frame, what is around them less.

    A missing line is the mean of those at its k_y that other frames measured, weighted by how near in the beat, see
    `lines.share`; a k_y that no frame measured stays zero. Measured lines count as they were measured.
    """

    def __call__(self, acquired: Acquired) -> Tensor:
        """Return the magnitudes of the images, (n, T, H, W)."""
        encoding, measured = acquired.encoding, acquired.measured
        shared = share(to_lines(measured), encoding.mask[:, :, 0, :, 0])
        kspace = from_lines(shared, measured.shape[2])
        return encoding.combined(encoding.with_measured(kspace, measured)).abs()
