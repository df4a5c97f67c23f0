"""Files and archives made to hurt. Each maker returns bytes, or files, from a clean DICOM file or study."""

import io
import struct
import zipfile
import zlib
from functools import partial

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, RLELossless

from tests.dicoms import NAMES, SIDE, dataset, encoded, enhanced, tiny, uid

PIXELS = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
PLACE = {
    "SOPInstanceUID": uid("hostile"),
    "SeriesInstanceUID": uid("hostile series"),
    "SeriesDescription": NAMES["la_2ch"],
    "PixelSpacing": ["2", "2"],
    "ImagePositionPatient": ["1", "2", "3"],
    "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
    "TriggerTime": "0",
}


def image(**values):
    """Return a file that is an image but for some values."""
    return encoded(dataset(PIXELS, **(PLACE | values)))


def image_in(syntax):
    """Return the same image in another plain transfer syntax."""
    made = dataset(PIXELS, **PLACE)
    made.file_meta.TransferSyntaxUID = syntax
    if not syntax.is_little_endian:
        made.PixelData = PIXELS.astype(">u2").tobytes()
    stream = io.BytesIO()
    dcmwrite(stream, made, enforce_file_format=True)
    return stream.getvalue()


def patched(tag, value):
    """Return an image in which a 16-bit element holds another value than any writer would let through."""
    data = image()
    key = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + b"US\x02\x00"
    at = data.index(key) + len(key)
    return data[:at] + struct.pack("<H", value) + data[at + 2 :]


def of_class(kind, modality="MR"):
    """Return an image that says to be of a class of the standard, the end of whose UID is given, and a modality."""
    return image(SOPClassUID=f"1.2.840.10008.5.1.4.1.1.{kind}", Modality=modality)


def spaced(text):
    """Return an image with a text of the same length put in place of the spacing of its pixels."""
    old = b"2.000000000\\2.00000000"
    return image(PixelSpacing=["2.000000000", "2.00000000"]).replace(old, text.encode().ljust(len(old)))


def with_syntax(syntax, pixels, **values):
    """Return an image that says its pixels are compressed, followed by whatever bytes."""
    made = dataset(PIXELS, **(PLACE | values))
    made.file_meta.TransferSyntaxUID = syntax
    body = b"\xfe\xff\x00\xe0" + struct.pack("<I", 0) + b"\xfe\xff\x00\xe0" + struct.pack("<I", len(pixels)) + pixels
    made.PixelData = body + b"\xfe\xff\xdd\xe0" + struct.pack("<I", 0)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return encoded(made)


def deflated():
    """Return an image whose data set inflates a thousandfold."""
    made = dataset(PIXELS, **PLACE)
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    whole = encoded(made)
    meta = whole[: 132 + 12 + struct.unpack_from("<I", whole, 132 + 8)[0]]
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return meta + packer.compress(b"\0" * 10**7) + packer.flush()


def deep(depth):
    """Return sequences within sequences."""
    inner = Dataset()
    for _ in range(depth):
        outer = Dataset()
        outer.ReferencedImageSequence = Sequence([inner])
        inner = outer
    return Sequence([inner])


def endless_sequence():
    """Return an image with a sequence of undefined length that never ends."""
    data = image()
    at = data.index(struct.pack("<HH", 0x0008, 0x0060))
    return (
        data[:at]
        + struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
        + b"\xfe\xff\x00\xe0\xff\xff\xff\xff" * 3000
    )


def huge_length():
    """Return an image with a value that says it has four gigabytes."""
    data = image()
    at = data.index(struct.pack("<HH", 0x0008, 0x0060))
    return data[:at] + struct.pack("<HH2sHI", 0x0008, 0x0041, b"OB", 0, 0xFFFFFFF0) + data[at:]


def private(count=400):
    """Return an image among private tags."""
    made = dataset(PIXELS, **PLACE)
    for index in range(count):
        made.add_new(0x00290000 + 0x1000 + index, "OB", b"private!" * 20)
    return encoded(made)


def long_header():
    """Return a file whose image, if there is any, comes after megabytes of header."""
    made = dataset(PIXELS, **PLACE)
    made.add_new(0x00091001, "OB", b"x" * (2**20 + 10))
    return encoded(made)


def inner_zip():
    """Return an archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("again.dcm", image())
    return stream.getvalue()


def jpeg_size(columns, rows):
    """Return the start of a JPEG that promises so many pixels."""
    return b"\xff\xd8\xff\xc3" + struct.pack(">HBHHB", 11, 16, rows, columns, 1) + b"\1\x11\0" + b"\xff\xd9"


def jpeg_2000_size(columns, rows):
    """Return the start of a JPEG 2000 stream that promises so many pixels."""
    return b"\xff\x4f\xff\x51" + struct.pack(">HHIIII", 41, 0, columns, rows, 0, 0) + b"\0" * 40


def of_frames(spoil, **values):
    """Return an enhanced object after something was done to it."""
    made = enhanced(tiny("la_2ch", frames=3), **values)
    spoil(made)
    return encoded(made)


def groups_of(made):
    return made.PerFrameFunctionalGroupsSequence


def without_places(made):
    for group in groups_of(made):
        del group.PlanePositionSequence


def without_groups(made):
    del made.PerFrameFunctionalGroupsSequence


def one_group_too_few(made):
    made.PerFrameFunctionalGroupsSequence = Sequence(groups_of(made)[:-1])


def groups_of_noise(made):
    without_groups(made)
    made.add_new(0x52009230, "OB", b"noise!" * 50)


def empty_groups(made):
    made.PerFrameFunctionalGroupsSequence = Sequence([Dataset() for _ in groups_of(made)])
    del made.SharedFunctionalGroupsSequence


def words_for_places(made):
    for group in groups_of(made):
        group.PlanePositionSequence[0].ImagePositionPatient = ["1", "2"]


def groups_in_groups(made):
    for group in groups_of(made):
        group.ReferencedImageSequence = deep(40)


def in_parts(made):
    for group in groups_of(made):
        part = Dataset()
        part.ComplexImageComponent = "PHASE"
        group.MRImageFrameTypeSequence = Sequence([part])


def nothing(_):
    pass


def cut_in_groups():
    """Return an enhanced object that ends while its frames are described."""
    whole = of_frames(nothing)
    return whole[: whole.index(b"\x20\x00\x13\x91") + 300]


def tar_like():
    return b"0.dcm".ljust(100, b"\0") + b"0" * 157 + b"ustar" + b"\0" * 20_000


def each(code, make, *values):
    """Return files made from each of the values, and the code of what is said about them."""
    made = {f"{make.__name__} {getattr(one, '__name__', one)}": one for one in values}
    return {name: (partial(make, *(one if isinstance(one, tuple) else (one,))), code) for name, one in made.items()}


# a file -> the code of what is said about it; each lies in a clean archive, which must come out as if it were not there
FILES = {
    "empty": (lambda: b"", "not-dicom"),
    "zeros": (lambda: b"\0" * 100_000, "not-dicom"),
    "noise": (lambda: np.random.default_rng(1).bytes(50_000), "not-dicom"),
    "magic only": (lambda: b"\0" * 128 + b"DICM", "no-pixels"),
    "magic and noise": (lambda: b"\0" * 128 + b"DICM" + np.random.default_rng(2).bytes(50_000), None),
    "magic and ones": (lambda: b"\0" * 128 + b"DICM" + b"\xff" * 50_000, None),
    "another archive": (inner_zip, "nested-archive"),
    "gzip": (lambda: b"\x1f\x8b" + b"\0" * 500, "not-dicom"),
    "script": (lambda: b"#!/bin/sh\nrm -rf /\n" * 20, "not-dicom"),
    "pickle": (lambda: b"\x80\x04cos\nsystem\n(S'true'\ntR." + b"\0" * 200, "not-dicom"),
    "cut in the meta header": (lambda: image()[:200], "no-pixels"),
    "cut in the header": (lambda: image()[:700], "no-pixels"),
    "cut before the pixels": (lambda: image()[: -SIDE * SIDE * 2 - 20], "no-pixels"),
    "endless sequence": (endless_sequence, None),
    "four gigabytes in one value": (huge_length, "no-pixels"),
    "long header": (long_header, "long-header"),
    "deflated bomb": (deflated, "deflated"),
    "enhanced": (lambda: image(SOPClassUID="1.2.840.10008.5.1.4.1.1.4.1"), "multi-frame"),
    **each("modality", of_class, ("2", "CT"), ("11.1", "PR"), ("104.1", "DOC"), ("66.4", "SEG"), ("77.1.4.1", "XC")),
    **each("no-image", of_class, "7", "66", "88.33", "4.2", "4.3"),  # no image of the heart, none of MR, or in colours
    **each("no-place", spaced, "wide\\narrow", "nan\\nan", "inf\\inf", "1e300\\1e300"),
    **each("no-place", spaced, "1,2.3\\1,2.3", "2.0,2.0", "1_0\\1_0"),
    **each("matrix", patched, (0x00280011, 0xFFFF), (0x00280010, 0), (0x00280010, 1)),
    **each("pixel-format", patched, (0x00280100, 32), (0x00280100, 0), (0x00280100, 1)),
    **each("pixel-format", patched, (0x00280101, 60000), (0x00280102, 15)),
    **each("multi-frame", of_frames, without_groups, one_group_too_few, groups_of_noise),
    **each("no-place", of_frames, without_places, empty_groups, words_for_places),
    "many frames": (lambda: image(NumberOfFrames="1000000"), "multi-frame"),
    "no pixels": (lambda: image(PixelData=None), "no-pixels"),
    "no place": (lambda: image(ImagePositionPatient=None), "no-place"),
    "no direction": (lambda: image(ImageOrientationPatient=None), "no-place"),
    "no spacing": (lambda: image(PixelSpacing=None), "no-place"),
    "spacing zero": (lambda: image(PixelSpacing=["0", "0"]), "no-place"),
    "spacing negative": (lambda: image(PixelSpacing=["-2", "2"]), "no-place"),
    "one direction": (lambda: image(ImageOrientationPatient=["1", "0", "0", "1", "0", "0"]), "no-place"),
    "no direction at all": (lambda: image(ImageOrientationPatient=["0"] * 6), "no-place"),
    "two numbers for a place": (lambda: image(ImagePositionPatient=["1", "2"]), "no-place"),
    "colour": (lambda: image(SamplesPerPixel=3, PhotometricInterpretation="RGB"), "colours"),
    "inverted grey": (lambda: image(PhotometricInterpretation="MONOCHROME1"), "pixel-format"),
    "a lone image": (image, "not-a-cine"),
    "a name to break tables": (lambda: image(SeriesDescription="\r\n;\x1b[2J" + "=" * 40), "not-a-cine"),
    "private tags": (private, "not-a-cine"),
    "deep sequences": (lambda: image(ReferencedImageSequence=deep(60)), "not-a-cine"),
    "phase": (lambda: image(ImageType=["ORIGINAL", "PRIMARY", "P", "RETRO"]), "not-magnitude"),
    "enhanced, a million frames": (lambda: of_frames(nothing, NumberOfFrames="1000000"), "multi-frame"),
    "enhanced, fewer than no frames": (lambda: of_frames(nothing, NumberOfFrames="-5"), "multi-frame"),
    "enhanced, groups in groups": (lambda: of_frames(groups_in_groups), "not-a-cine"),
    "enhanced, phase": (lambda: of_frames(in_parts), "not-magnitude"),
    "enhanced, three frames": (lambda: of_frames(nothing), "not-a-cine"),
    "enhanced, colour": (lambda: of_frames(nothing, SamplesPerPixel=3), "colours"),
    "at 0, 0, 0": (lambda: image(ImagePositionPatient=["0", "0", "0"]), "no-place"),
    "directions of length 2": (lambda: image(ImageOrientationPatient=["2", "0", "0", "0", "2", "0"]), "no-place"),
    "one number for a pixel": (lambda: image(PixelSpacing=None, ImagerPixelSpacing=["2", "2"]), "no-place"),
    "enhanced, cut in its groups": (cut_in_groups, None),
    "bare words": (lambda: b"\x08\x00hello, world" * 90, "not-dicom"),
    "bare element and noise": (lambda: b"\x08\x00\x05\x00CS\x04\x00ISO " + np.random.default_rng(7).bytes(9000), None),
    "bare and cut": (lambda: image()[132:500], "no-pixels"),
    "a place far away": (lambda: image(ImagePositionPatient=["99999", "0", "0"]), "no-place"),
    "rows aslant": (lambda: image(ImageOrientationPatient=["1", "0", "0", ".6", ".8", "0"]), "no-place"),
    "palette": (lambda: image(PhotometricInterpretation="PALETTE COLOR"), "colours"),
    "a time before the beat": (lambda: image(TriggerTime="-5"), "not-a-cine"),
    "a beat that never ends": (lambda: image(NominalInterval="999999999"), "not-a-cine"),
    "no such time": (lambda: image(AcquisitionTime="235959").replace(b"235959", b"996199"), "not-a-cine"),
    "more frames than grains of sand": (lambda: image(CardiacNumberOfImages="999999999999"), "not-a-cine"),
    "NIfTI": (lambda: b"\x5c\1\0\0" + b"\0" * 340 + b"n+1\0" + b"\0" * 900, "not-dicom"),
    "JPEG": (lambda: jpeg_size(16, 16) * 20, "not-dicom"),
    "program": (lambda: b"\x7fELF\2\1\1" + b"\0" * 500, "not-dicom"),
    "tar": (tar_like, "not-dicom"),
    "DICOMDIR": (lambda: encoded(dataset(PIXELS, SOPClassUID="1.2.840.10008.1.3.10", Modality=None)), "no-image"),
}

# eight such images make a cine, whose pixels then cannot be read: the view is lost, nothing else
PIXEL_FILES = {
    "pixels cut": lambda **values: image(**values)[:-100],
    "pixels missing": lambda **values: image(**(values | {"PixelData": b"\0\0"})),
    "rubbish behind the header": lambda **values: image(**values).replace(b"\xe0\x7f\x10\x00OW", b"\xe0\x7f\x11\x00??"),
    "JPEG of another size": lambda **values: with_syntax(JPEGLosslessSV1, jpeg_size(65000, 65000), **values),
    "JPEG 2000 of another size": lambda **values: with_syntax(JPEG2000Lossless, jpeg_2000_size(2**31, 2**31), **values),
    "JPEG that is none": lambda **values: with_syntax(JPEGLosslessSV1, b"no picture " * 20, **values),
    "run lengths without end": lambda **values: with_syntax(RLELossless, b"\1\0\0\0" + b"\xff" * 3000, **values),
    "more code than image": lambda **values: with_syntax(RLELossless, b"\0" * 2**21, **values),
    "a syntax nobody knows": lambda **values: with_syntax(JPEGLosslessSV1, b"secret", **values).replace(
        JPEGLosslessSV1.encode(), JPEGLosslessSV1[:-1].encode() + b"9"
    ),
}


UNSAFE_NAMES = [
    "../outside.dcm", "../../../../tmp/outside.dcm", "/absolute.dcm", "a/../../outside.dcm", "..\\x.dcm", "C:\\x.dcm",
]  # fmt: skip
ODD_NAMES = [
    "con\u202ecmd.dcm", "new\nline.dcm", "./here.dcm", "a//b.dcm", "~/home.dcm", "%2e%2e/outside.dcm", "NUL", "-rf",
    "x" * 5000 + ".dcm",
]  # fmt: skip


def noise(index, **values):
    """Return an image of a beat, of the size of a heart, that shows noise."""
    pixels = np.random.default_rng(index).integers(0, 4096, PIXELS.shape)
    when = {"SOPInstanceUID": uid("noise", index), "TriggerTime": str(100 * index), "InstanceNumber": str(index + 1)}
    return encoded(dataset(pixels, **(PLACE | when | {"PixelSpacing": ["7.5", "7.5"]} | values)))


def zip_bytes(files, **options):
    """Return an archive's bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def bomb(files):
    """Return an archive of a few kilobytes that inflates to gigabytes: every entry is the same megabytes."""
    data = zip_bytes({"0.dcm": b"\0" * 10**7} | {f"{index}.dcm": b"" for index in range(1, 900)})
    size, packed, crc = 10**7, len(zlib.compress(b"\0" * 10**7)) - 6, zlib.crc32(b"\0" * 10**7)
    at = data.index(b"PK\x01\x02")
    while data[at : at + 4] == b"PK\x01\x02":
        names = struct.unpack_from("<H", data, at + 28)[0]
        entry = struct.pack("<IIIH", crc, packed, size, names)
        data = data[: at + 16] + entry + data[at + 30 : at + 42] + struct.pack("<I", 0) + data[at + 46 :]
        at += 46 + names
    return data


def in_directory(record, offset, value):
    """Return the maker of an archive whose last record of this kind holds a 32-bit value that is not true."""

    def make(files):
        data = zip_bytes(files)
        at = data.rindex(record) + offset
        return data[:at] + struct.pack("<I", value) + data[at + 4 :]

    return make


def zip_of(count, make):
    """Return the maker of an archive of so many files, each made from its number."""
    return lambda files: zip_bytes({f"{index}.dcm": make(index) for index in range(count)})


def instance(index, **values):
    """Return an image that is another one than those of other numbers."""
    return image(SOPInstanceUID=uid("instance", index), **values)


# a whole archive -> nothing comes of it but a row
ARCHIVES = {
    "tar": lambda files: tar_like(),
    "gzip": lambda files: zlib.compress(b"0" * 5000, wbits=31),
    "7z": lambda files: b"7z\xbc\xaf\x27\x1c" + b"\0" * 500,
    "an end without entries": lambda files: zip_bytes({}),
    "folders only": lambda files: zip_bytes({"a/": b"", "a/b/": b""}),
    "nothing but phase": zip_of(9, lambda index: image(ImageType=["ORIGINAL", "PRIMARY", "P"], TriggerTime=f"{index}")),
    "nothing but noise that nobody calls phase": zip_of(8, noise),
    "nothing but images at 0, 0, 0": zip_of(8, lambda index: noise(index, ImagePositionPatient=["0", "0", "0"])),
    "nothing but frames in no order": zip_of(1, lambda _: encoded(enhanced(tiny("sa"), grouped=lambda *_: {}))),
    "nothing but frames nobody places": lambda files: zip_bytes({"0.dcm": of_frames(without_groups)}),
    "nothing but an index": lambda files: zip_bytes({"DICOMDIR": b"\0" * 128 + b"DICM"}),
    "frames in no order": zip_of(16, lambda index: instance(index, TriggerTime=None, InstanceNumber=None)),
    "two holds that nothing tells apart": zip_of(16, lambda index: instance(index, TriggerTime=f"{index // 2 * 100}")),
    "empty file": lambda files: b"",
    "a web page": lambda files: b"<html>403 Forbidden</html>",
    "noise": lambda files: np.random.default_rng(5).bytes(100_000),
    "first half": lambda files: (data := zip_bytes(files))[: len(data) // 2],
    "without its last byte": lambda files: zip_bytes(files)[:-1],
    "end only": lambda files: b"PK\x05\x06" + b"\0" * 18,
    "end cut": lambda files: zip_bytes(files)[:-15],
    "huge directory": in_directory(b"PK\x05\x06", 12, 0xFFFFFFFF),
    "moved directory": in_directory(b"PK\x05\x06", 16, 7),
    "lying size": in_directory(b"PK\x01\x02", 24, 0xFFFFFFFE),
    "bomb": bomb,
    "many files": lambda files: zip_bytes({f"{index}": b"" for index in range(20_001)}),
    "nothing but text": lambda files: zip_bytes({"readme.txt": b"sorry"}),
    "nothing but archives": lambda files: zip_bytes({"a.zip": inner_zip(), "b.zip": inner_zip()}),
    "nothing but a manifest": lambda files: zip_bytes({"manifest.cvs": b"filename\n"}),
    "every image alone": zip_of(9, lambda index: instance(index, SeriesInstanceUID=uid("of", index))),
}
