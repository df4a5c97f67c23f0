"""Read prepared subjects: their planes into the fixed slots of a sample."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.utils.data import Dataset

from cmr_ssl.anatomy import BACKGROUND, CLASSES, UNLABELLED
from cmr_ssl.machine import MachineFault
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.preparation.cache import PlaneReader, PreparedSubject, raise_unless_damaged, settings_of, subject_file
from cmr_ssl.preparation.policy import NOTHING, Places, keeps
from cmr_ssl.sample import Sample, one_of

log = logging.getLogger(__name__)

Shape = tuple[int, int, int, int]
Reads = Callable[[int, NDArray[np.uint8]], None]  # the first of some planes, and where their images (Q, T, H, W) go

TYPES = {"U8": np.uint8, "I16": np.int16, "F32": np.float32, "F64": np.float64, "BOOL": np.bool}  # by safetensors' name

# affines of missing planes: across and along the long axis, so that a grid index counts their slots as what they are
ACROSS = torch.eye(4)
ALONG = torch.eye(4)[[0, 2, 1, 3]]


class Run(NamedTuple):
    """Planes that lie together in the cache and in a sample: where the first lies, and how many they are."""

    slot: int
    plane: int
    planes: int


def runs(slots: Sequence[int], planes: Sequence[int]) -> list[Run]:
    """Join planes and their slots to runs, so that each is read in one piece."""
    found: list[Run] = []
    for slot, plane in zip(slots, planes, strict=True):
        last = found[-1] if found else Run(-1, -1, 0)
        if last.planes and (slot, plane) == (last.slot + last.planes, last.plane + last.planes):
            found[-1] = last._replace(planes=last.planes + 1)
        else:
            found.append(Run(slot, plane, 1))
    return found


def choose_planes(
    view: NDArray[np.integer], height: NDArray[np.floating], slots: Mapping[str, int]
) -> tuple[list[int], list[int]]:
    """Say which cached plane goes into which slot.

    Each view has its slots, in the order of `slots`. Where there are more planes than slots, those nearest the heart
    centre are taken; they stand in the order of their height, base first.

    Args:
        view: index into ``planes.VIEWS`` of the cached planes, (Q,).
        height: where their middles lie along the long axis of the heart, mm, (Q,).
        slots: number of planes a sample has room for, per view.

    Returns:
        Slots and planes, pairwise.
    """
    taken: list[int] = []
    planes: list[int] = []
    first, views, heights = 0, view.tolist(), height.tolist()
    for name, count in slots.items():
        members = [plane for plane, of in enumerate(views) if of == VIEWS.index(name)]
        nearest = sorted(members, key=lambda plane: abs(heights[plane]))[:count]
        ordered = sorted(nearest, key=lambda plane: -heights[plane])
        taken += range(first, first + len(ordered))
        planes += ordered
        first += count
    return taken, planes


def without_places(view: NDArray[np.integer], index: NDArray[np.integer], rejected: Places) -> NDArray[np.integer]:
    """Return the views of cached planes (Q,), -1 for those whose view and slice (Q,) are `rejected`."""
    places = zip(view.tolist(), index.tolist(), strict=True)
    return np.where([keeps(rejected, VIEWS[one], place) for one, place in places], view, -1)


def sample_shape(preparation: Mapping[str, Any], views: Mapping[str, int]) -> Shape:
    """Return (P, T, H, W) of samples with room for `views`, of planes that went through `preparation`."""
    return sum(views.values()), preparation["frames"], preparation["size"], preparation["size"]


def room_for(
    cache: Path, subjects: Sequence[str], views: Mapping[str, int], rejected: Mapping[str, Places]
) -> dict[str, int]:
    """Return `views` with room for every plane that any of `subjects` has of them, but for those `rejected`."""
    room = dict(views)
    for subject in subjects:
        try:
            with safe_open(subject_file(cache, subject), framework="np") as file:
                view, index = file.get_tensor("view").astype(np.int64), file.get_tensor("slice")
        except (OSError, SafetensorError):
            continue  # whoever reads it says so
        left = without_places(view, index, rejected.get(subject, NOTHING))
        room = {name: max(count, int((left == VIEWS.index(name)).sum())) for name, count in room.items()}
    return room


def check_views(views: dict[str, int]) -> None:
    """Raise ValueError unless `views` names known views with at least one plane each."""
    if not views:
        raise ValueError(f"data.views names no view; it may name {', '.join(VIEWS)}")
    for name, count in views.items():
        if name not in VIEWS:
            raise ValueError(f"data.views names {name!r}; known views are {', '.join(VIEWS)}")
        if count < 1:
            raise ValueError(f"data.views gives {name} {count} planes; leave the view out instead")


def check_least(name: str, value: int, least: int) -> None:
    """Raise ValueError if a number of the config is too small."""
    if value < least:
        raise ValueError(f"data.{name} must be at least {least}, got {value}")


class PlaneDataset(Dataset[Sample]):
    """Prepared subjects as samples. The index one past the last subject gives a sample without any plane."""

    MOST_DAMAGED = 20  # subjects that may be unreadable to one process before it gives up

    def __init__(
        self,
        cache: Path,
        subjects: Sequence[str],
        slots: Mapping[str, int],
        shape: Shape,
        labels: bool = False,
        phenotypes: NDArray[np.float32] | None = None,
        rejected: Mapping[str, Places] | None = None,
    ) -> None:
        """Remember where the subjects lie and with which settings they are prepared; none is opened.

        Args:
            cache: the prepared cache.
            subjects: their ids.
            slots: planes a sample has room for, per view.
            shape: (P, T, H, W) of a sample; P is the sum of the slots.
            labels: whether samples carry label maps.
            phenotypes: of each subject, (N, K), NaN where unknown; None for none, K = 0.
            rejected: planes to leave out, of the subjects that have such; None for none.
        """
        # one array instead of many Python strings: workers share its pages, so memory stays flat
        self.subjects = np.array(subjects, dtype=np.str_)
        self.phenotypes = np.zeros((len(subjects), 0), np.float32) if phenotypes is None else phenotypes
        self.cache, self.slots, self.shape, self.labels = cache, dict(slots), shape, labels
        self.rejected = rejected or {}
        self.settings = settings_of(cache)
        self.damaged: set[str] = set()

    def __len__(self) -> int:
        """Count the subjects."""
        return len(self.subjects)

    def __getitem__(self, index: int) -> Sample:
        """Read one subject; see `batch`."""
        return one_of(self.batch([index]), 0)

    def batch(self, indices: Sequence[int], pinned: bool = False) -> Sample:
        """Read some subjects; one whose file is damaged is reported and becomes a sample without any plane.

        Args:
            indices: of the subjects; one past the last for a sample without any plane.
            pinned: whether images and labels lie in memory from which a GPU copies without waiting.

        Raises:
            MachineFault: if the machine failed to read, the cache is prepared anew with other settings meanwhile, or so
                many files are damaged that something else must be wrong.
        """
        batch = self.room(len(indices), pinned)
        subjects = [self.read(index, one_of(batch, row)) for row, index in enumerate(indices)]
        for row, plane in (~batch.present).nonzero().tolist():  # one index of all would touch every plane
            batch.images[row, plane].zero_()
        return batch._replace(subject=subjects)

    def room(self, count: int, pinned: bool = False) -> Sample:
        """Return `count` samples in which every plane is missing, whose images are still to be written."""
        planes, frames, height, width = self.shape
        views = [name for name, slots in self.slots.items() for _ in range(slots)]
        affine = torch.stack([ACROSS if name == SHORT_AXIS else ALONG for name in views])
        labels = (count, planes, frames * self.labels, height, width)
        return Sample(
            images=torch.empty(count, *self.shape, dtype=torch.uint8, pin_memory=pinned),
            present=torch.zeros(count, planes, dtype=torch.bool),
            view=torch.tensor([VIEWS.index(name) for name in views]).repeat(count, 1),
            affine=affine.repeat(count, 1, 1, 1),
            labels=torch.full(labels, UNLABELLED, dtype=torch.uint8, pin_memory=pinned),
            annotated=torch.zeros(count, planes, len(CLASSES), dtype=torch.bool),
            phenotypes=torch.full((count, *self.phenotypes.shape[1:]), torch.nan),
            subject=[""] * count,
        )

    def read(self, index: int, sample: Sample) -> str:
        """Read a subject into `sample`, whose planes are all missing, and return its id; empty if there is none."""
        if index == len(self):
            return ""
        subject = str(self.subjects[index])
        path = subject_file(self.cache, subject)
        try:
            with PlaneReader(path) as read:
                prepared, settings = beside_images(path, self.labels)
                if read.replaced:
                    prepared, settings = beside_images(read.opened, self.labels)
                self.check_settings(settings)
                self.fill(sample, prepared, self.rejected.get(subject, NOTHING), read)
        except (OSError, SafetensorError, RuntimeError, EOFError, ValueError, IndexError) as error:
            raise_unless_damaged(error, path)
            self.check_settings(settings_of(self.cache))
            self.report(subject, path, error)
            for field, empty in zip(sample, one_of(self.room(1), 0), strict=True):
                if isinstance(field, Tensor) and isinstance(empty, Tensor):
                    field.copy_(empty)  # nothing of it is left
            return ""
        sample.phenotypes[:] = torch.tensor(self.phenotypes[index])
        return subject

    def report(self, subject: str, path: Path, error: Exception) -> None:
        """Say that the file of a subject is damaged; raise MachineFault if there were too many of them."""
        message = f"subject {subject}: {path} is not as prepared ({error}): delete it and run prepare again"
        self.damaged.add(subject)
        if len(self.damaged) > self.MOST_DAMAGED:
            raise MachineFault(
                f"{message}; {len(self.damaged)} files could not be read, is the disk still there?"
            ) from error
        log.warning("%s; it is left out", message)

    def fill(
        self, sample: Sample, subject: PreparedSubject, rejected: Places = NOTHING, read: Reads | None = None
    ) -> None:
        """Put the planes of a prepared subject, but for those `rejected`, into the slots of `sample`.

        Args:
            sample: in which every plane is missing.
            subject: as it was prepared.
            rejected: planes to leave out.
            read: puts the images of some planes somewhere; None to copy those of `subject`.

        Raises:
            RuntimeError: if the images, or what describes them, are of another size, number or type.
        """
        check_described(subject, (len(subject.view), *sample.images.shape[1:]))
        view: NDArray[np.integer] = subject.view.astype(np.int64)
        if rejected:
            view = without_places(view, subject.slice, rejected)
        slots, planes = choose_planes(view, self.heights(subject.affine), self.slots)
        for slot, plane, count in runs(slots, planes):
            place = sample.images[slot : slot + count].numpy()
            if read is None:
                place[:] = subject.images[plane : plane + count]
            else:
                read(plane, place)
        annotated = subject.annotated[planes] > 0
        annotated[:, BACKGROUND] |= annotated.any(axis=1)
        # numpy: a thread that reads shares Python with the one that trains, and torch needs ten times as long for these
        sample.present.numpy()[slots] = True
        sample.view.numpy()[slots] = view[planes]
        sample.affine.numpy()[slots] = subject.affine[planes]
        sample.annotated.numpy()[slots] = annotated
        if self.labels:
            self.fill_labels(sample, dict(zip(planes, slots, strict=True)), subject)

    def check_settings(self, now: str) -> None:
        """Raise MachineFault where something is prepared with other settings than the cache was; empty is unknown."""
        if self.settings and now and now != self.settings:
            raise MachineFault(
                f"{self.cache} was prepared anew with other settings while it was read: wait until that is done and "
                "start a new run, or prepare with other settings into a folder of its own"
            )

    def heights(self, affine: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return z of the middle pixel of planes (Q, 4, 4), mm, (Q,)."""
        _, _, height, width = self.shape
        middle = np.array([(width - 1) / 2, (height - 1) / 2, 0.0, 1.0], np.float32)
        heights: NDArray[np.float32] = affine[:, 2] @ middle
        return heights

    def fill_labels(self, sample: Sample, slot_of: Mapping[int, int], subject: PreparedSubject) -> None:
        """Copy the label maps of the planes in `slot_of`."""
        labels = torch.from_numpy(subject.labels)
        for (plane, frame), label in zip(subject.labelled.tolist(), labels, strict=True):
            if plane in slot_of:
                sample.labels[slot_of[plane], frame] = label


def sample_of(subject: PreparedSubject, name: str, slots: Mapping[str, int], shape: Shape) -> Sample:
    """Return one prepared subject as a sample; the arguments are those of `PlaneDataset`."""
    dataset = PlaneDataset(Path(), [], slots, shape)
    sample = one_of(dataset.room(1), 0)
    dataset.fill(sample, subject)
    sample.images[~sample.present] = 0
    return sample._replace(subject=name)


def check_described(subject: PreparedSubject, shape: Shape) -> None:
    """Raise RuntimeError unless images (Q, T, H, W) have this shape, and all have the types of prepared files."""
    expected: dict[str, tuple[type, tuple[int, ...]]] = {
        "images": (np.uint8, shape),
        "affine": (np.float32, (shape[0], 4, 4)),
        "annotated": (np.uint8, (shape[0], len(CLASSES))),
    }
    for name, (kind, size) in expected.items():
        array: NDArray[Any] = getattr(subject, name)
        if array.shape != size or array.dtype != kind:
            raise RuntimeError(f"{name}: {array.dtype} {array.shape}, not {np.dtype(kind)} {size}")


def beside_images(path: Path, labels: bool) -> tuple[PreparedSubject, str]:
    """Return the prepared subject in a file, and the digest of its settings, empty where unknown.

    Its images, and its label maps unless `labels`, are of their shape and type but blank: whoever wants them reads
    them by `PlaneReader`.
    """
    with safe_open(path, framework="np") as file:
        left_out = {"images"} if labels else {"images", "labels"}
        arrays = (blank(file.get_slice(n)) if n in left_out else file.get_tensor(n) for n in PreparedSubject._fields)
        return PreparedSubject(*arrays), (file.metadata() or {}).get("settings", "")


def blank(stored: Any) -> NDArray[Any]:  # noqa: ANN401  (safetensors gives it no type)
    """Return zeros of the shape and type of what is stored, which take no memory."""
    return np.broadcast_to(np.zeros((), TYPES.get(stored.get_dtype(), np.void)), stored.get_shape())
