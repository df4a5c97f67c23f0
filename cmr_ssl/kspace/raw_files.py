"""Which layout a file of raw k-space has."""

from pathlib import Path

from cmr_ssl.kspace.cmrxrecon import arrays, read_cmrxrecon
from cmr_ssl.kspace.ismrmrd import is_ismrmrd, read_ismrmrd
from cmr_ssl.kspace.raw import RawCine, opened


def read_raw(path: Path) -> RawCine:
    """Read a cine in whichever layout its file has.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it has no layout that is known, or cannot be read; see `read_ismrmrd` and `read_cmrxrecon`.
    """
    with opened(path) as file:
        if is_ismrmrd(file):
            return read_ismrmrd(file, path)
        if arrays(file):
            return read_cmrxrecon(file, path)
        names = ", ".join(list(file)[:5]) or "nothing"
        raise ValueError(
            f"{path} has neither ISMRMRD's dataset/data and dataset/xml nor an array whose name begins with kspace, as "
            f"CMRxRecon's: it holds {names}"
        )
