"""Read one study from a folder of NIfTI files, UK Biobank's zips, or DICOM files."""

from pathlib import Path

from cmr_ssl.dicom.archived_study import read_study
from cmr_ssl.dicom.dicom_folder import LIMITS, NO_ZIP, DicomFolder, is_other_package
from cmr_ssl.dicom.ukb_zips import ZIP, UkbZips, find_zips, holds_zips, subject_of
from cmr_ssl.sources.nifti_files import FIELD_FILES, NiftiFiles
from cmr_ssl.sources.nifti_folder import NiftiFolder
from cmr_ssl.study import Study


def read(path: Path | str, files: NiftiFiles = FIELD_FILES) -> Study:
    """Read one study; problems of its files are among its findings.

    Args:
        path: folder of one subject with NIfTI files; a zip of UK Biobank, whose other zips of the same visit are read
            with it from the same folder; a folder of zips of one subject; a folder, or any other zip, of DICOM files.
        files: names of NIfTI files.

    Raises:
        FileNotFoundError: if there is nothing at `path`, or no study in it.
        ValueError: if it holds several subjects, or is a file that is no zip.
    """
    path = _named(Path(path).absolute())
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}: name the folder or zip of one subject")
    if path.is_file():
        return _read_zip(path)
    nifti = NiftiFolder(path.parent, files)
    if nifti.holds(path.name):
        return nifti.read(path.name)
    _check_no_cohort(path, files)
    source: UkbZips | DicomFolder = find_zips(path) if holds_zips(path) else DicomFolder(path)
    images = ", ".join(files.image_names())
    no_study = f"{path} holds no study: none of {images}, no zip of UK Biobank, no DICOM image"
    try:
        subjects = source.subjects()
    except FileNotFoundError as error:
        reason = f"{no_study}; {error}" if isinstance(source, DicomFolder) and source.unread() else no_study
        raise FileNotFoundError(reason) from error
    if len(subjects) > 1:
        raise ValueError(
            f"{path} holds {len(subjects)} subjects ({', '.join(subjects[:3])}, ...): name the folder or zip of one"
        )
    study = source.read(subjects[0])
    if [finding.code for finding in study.findings] == ["no-images"]:
        raise FileNotFoundError(no_study)
    return study


def _named(path: Path) -> Path:
    """Return a path that ends in a name; a link keeps its own, which is the subject's id."""
    return path.resolve() if path.name in ("", "..") else path.parent.resolve() / path.name


def _check_no_cohort(path: Path, files: NiftiFiles) -> None:
    """Refuse a folder whose sub-folders are subjects."""
    try:
        subjects = NiftiFolder(path, files).subjects()
    except FileNotFoundError:
        return
    raise ValueError(f"{path} is a folder of subjects: name one of them, as in {path / subjects[0]}")


def _read_zip(path: Path) -> Study:
    if match := ZIP.fullmatch(path.name):
        return UkbZips(path.parent, (path.parent,)).read(subject_of(*match.groups()))
    if is_other_package(path):
        raise ValueError(f"{path} {NO_ZIP}")
    if path.suffix.lower() != ".zip":
        raise ValueError(f"{path} is neither a folder nor a zip: name the folder of its study, perhaps {path.parent}")
    return read_study(path.stem, [path], LIMITS)
