"""Small files of raw k-space, as scanners and challenges write them."""

import numpy as np
import torch

from cmr_ssl.kspace import Acquisition, VistaLike
from cmr_ssl.kspace.chance import draw_planes
from tests.kspace.test_reconstruction import beating
from tests.tiny import affines

HEADER = """<?xml version="1.0"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><encoding>
 <encodedSpace><matrixSize><x>{encoded}</x><y>{rows}</y><z>1</z></matrixSize>
  <fieldOfView_mm><x>{field}</x><y>320</y><z>8</z></fieldOfView_mm></encodedSpace>
 <reconSpace><matrixSize><x>{shown}</x><y>{rows}</y><z>1</z></matrixSize>
  <fieldOfView_mm><x>320</x><y>320</y><z>8</z></fieldOfView_mm></reconSpace>
 <encodingLimits><kspace_encoding_step_1><minimum>0</minimum><maximum>{last}</maximum><center>{middle}</center>
 </kspace_encoding_step_1></encodingLimits>
 <trajectory>{trajectory}</trajectory></encoding></ismrmrdHeader>"""
INDEX = [("kspace_encode_step_1", "<u2"), ("slice", "<u2"), ("phase", "<u2"), ("average", "<u2"), ("set", "<u2")]
COUNTS = [("flags", "<u8"), ("number_of_samples", "<u2"), ("active_channels", "<u2")]
DIRECTIONS = [(name, "<f4", (3,)) for name in ("position", "read_dir", "phase_dir", "slice_dir")]
HEAD = np.dtype([*COUNTS, *DIRECTIONS, ("idx", np.dtype(INDEX))])
NOISE = 1 << 18


def measured(acceleration=2, coils=3, slices=2):
    """Return what a scanner measured of beating discs, (S, T, C, H, W) and (S, T, H), and the discs."""
    planes = affines(slices)[0, :slices]
    images = beating()[:slices]
    acquisition = Acquisition(VistaLike(acceleration), coils, snr=200.0)
    acquired = acquisition.acquire(images, planes, draw_planes(slices, [0])[0])
    return acquired.measured.numpy(), acquired.encoding.mask[:, :, 0, :, 0].numpy(), images.numpy()


def write_cmrxrecon(h5py, path, kspace, name="kspace_sub04"):
    """Write (S, T, C, H, W) as MATLAB does, complex values as pairs."""
    pairs = np.empty(kspace.swapaxes(0, 1).shape, [("real", "<f4"), ("imag", "<f4")])
    pairs["real"], pairs["imag"] = kspace.swapaxes(0, 1).real, kspace.swapaxes(0, 1).imag
    with h5py.File(path, "w") as file:
        file[name] = pairs
    return path


def write_ismrmrd(h5py, path, kspace, mask, trajectory="cartesian", oversampling=1, gap_mm=10.0, **wrong):
    """Write a record for each line that was acquired, one of noise before, shuffled as interleaved slices are."""
    _, _, coils, rows, columns = kspace.shape
    if oversampling > 1:
        kspace = oversampled(kspace, oversampling * columns)
    record = np.dtype([("head", HEAD), ("traj", h5py.vlen_dtype(np.float32)), ("data", h5py.vlen_dtype(np.float32))])
    acquired = np.argwhere(mask)
    np.random.default_rng(0).shuffle(acquired)
    records = np.empty(len(acquired) + 1, record)
    records["head"] = np.zeros((), HEAD)
    records[0]["head"]["flags"] = NOISE
    records[0]["data"], records[0]["traj"] = np.zeros(6, np.float32), np.zeros(0, np.float32)
    for place, (slice_, frame, row) in enumerate(acquired, start=1):
        head = records[place]["head"]
        head["number_of_samples"], head["active_channels"] = kspace.shape[-1], coils
        head["position"], head["read_dir"], head["phase_dir"] = (0, 0, gap_mm * slice_), (1, 0, 0), (0, 1, 0)
        head["slice_dir"] = (0, 0, 1)
        head["idx"]["kspace_encode_step_1"], head["idx"]["phase"] = row, frame
        head["idx"]["slice"] = 0 if wrong.get("one_number") else slice_
        records[place]["data"] = np.ascontiguousarray(kspace[slice_, frame, :, row]).view(np.float32).ravel()
        records[place]["traj"] = np.zeros(0, np.float32)
    if wrong.get("reverse"):
        records[5]["head"]["flags"] = 1 << 21
    if wrong.get("gaps"):
        records[5]["head"]["idx"]["phase"] = 60_000
    if wrong.get("no_coils"):
        records["head"]["active_channels"] = 0
    if wrong.get("two_sets"):
        records["head"]["idx"]["set"][::2] = 1
    if wrong.get("turned"):
        records["head"]["read_dir"][records["head"]["idx"]["slice"] == 1] = (0, 0.6, 0.8)
    encoded = kspace.shape[-1] + wrong.get("partial_echo", 0)
    sizes = {"encoded": encoded, "field": 320 * oversampling, "rows": rows, "last": rows - 1}
    sizes["shown"] = rows * wrong.get("interpolated", 1)
    with h5py.File(path, "w") as file:
        file.create_dataset("dataset/data", data=records, dtype=record)
        text = HEADER.format(**sizes, middle=rows // 2, trajectory=trajectory)
        file.create_dataset("dataset/xml", data=[text.encode()], dtype=h5py.string_dtype())
    return path


def oversampled(kspace, samples):
    """Return k-space whose readout has a larger field of view, with nothing in it."""
    columns = kspace.shape[-1]
    images = torch.fft.fftshift(torch.fft.ifft(torch.fft.ifftshift(torch.from_numpy(kspace), -1), norm="ortho"), -1)
    wide = torch.zeros(*images.shape[:-1], samples, dtype=images.dtype)
    first = samples // 2 - columns // 2
    wide[..., first : first + columns] = images
    return torch.fft.fftshift(torch.fft.fft(torch.fft.ifftshift(wide, -1), norm="ortho"), -1).numpy()
