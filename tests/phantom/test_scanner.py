"""Descriptions of scanners, and the same hearts in all that come with the package: what differs, and what must not."""

import json

import numpy as np
import pytest

from cmr_ssl import anatomy
from cmr_ssl.phantom.bands import banding
from cmr_ssl.phantom.cohort_spec import CohortSpec
from cmr_ssl.phantom.person import scan
from cmr_ssl.phantom.scanner import DEFAULT, Coils, Contrast, MainField, Scanner, changes, read_scanner
from cmr_ssl.phantom.truth_table import truth_row
from cmr_ssl.planes import slice_affine, to_mm
from tests.runs import ROOT

FILES = sorted((ROOT / "configs/scanners").glob("*.yaml"))
OTHERS = ("balanced_3t", "gradient_echo")
FAULTY = 14  # a subject of seed 7 whom a fault strikes


def test_the_default_is_a_file_among_several():
    assert len(FILES) >= 3
    assert read_scanner(str(ROOT / "configs/scanners/default.yaml")) == DEFAULT


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_scanner_is_found_by_its_name_which_is_its_files_wherever_the_command_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_scanner(path.stem).name == path.stem
    assert read_scanner(path.stem) == read_scanner(str(path))


def test_an_unknown_scanner_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"no scanner 'balancd_3t': .* balanced_3t, default, gradient_echo"):
        read_scanner("balancd_3t")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: odd\nsnr: [9, 3]", "snr of the scanner 'odd' is .9.0, 3.0.: give lowest and highest, between 1 and"),
        ("name: odd\ncontrast: {flow: [0, 3]}", "contrast.flow .* between 0 and 2"),
        ("name: ''", "needs a name"),
        ("snrr: [3, 9]", "odd.yaml describes no scanner: .* does not accept option 'snrr'"),
        ("snr: 3", "odd.yaml describes no scanner: .*scanner.snr"),
        ("snr: [3, 9]", "odd.yaml differs from the default scanner and needs a `name` of its own"),
        ("- 3", "odd.yaml describes no scanner"),
    ],
)
def test_a_file_that_describes_no_scanner_gets_one_sentence(text, sentence, tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        read_scanner(str(path))


def test_settings_tell_what_differs_from_the_default_alone():
    assert changes(DEFAULT) == {}
    other = Scanner("mine", Contrast(fat=(1.1, 1.2)), Coils(), MainField(), snr=(9.0, 9.5))
    told = {"scanner.name": "mine", "scanner.contrast.fat": [1.1, 1.2], "scanner.snr": [9.0, 9.5]}
    assert changes(other) == told == json.loads(json.dumps(told))


def scanned(scanner):
    return scan(CohortSpec(7, "small", "normal", "none", scanner=scanner), 1)


@pytest.fixture(scope="module")
def studies(study):
    files = {name: str(ROOT / f"configs/scanners/{name}.yaml") for name in OTHERS}
    return {"default": study} | {name: scanned(read_scanner(path)) for name, path in files.items()}


def middle(study):
    """Return the middle short-axis slice as grey values (T, Y, X) and labels."""
    stack = study.series[0]
    index = stack.labels.shape[1] // 2
    return stack.pixels[:, index].astype(float), stack.labels[:, index]


def blood_to_muscle(study):
    pixels, labels = middle(study)
    return np.median(pixels[labels == anatomy.LV]) / np.median(pixels[labels == anatomy.MYOCARDIUM])


def test_without_a_scanner_the_grey_values_are_those_the_phantom_always_had(study):
    """Written down before there were scanners; one grey value is what another processor's rounding may change."""
    stack, long_axis = study.series[0].pixels, [item.pixels[3, 0, ::25, ::26] for item in study.series[1:]]
    heart = [[72, 22, 271, 419, 361, 298, 22, 25, 24], [170, 90, 349, 91, 390, 330, 26, 26, 22]]
    np.testing.assert_allclose(stack[0, 5, 42:54:6, 30:80:6], heart, atol=1)
    heart = [[78, 40, 60, 433, 149, 105, 25, 21, 25], [170, 99, 66, 220, 369, 317, 41, 37, 17]]
    np.testing.assert_allclose(stack[8, 5, 42:54:6, 30:80:6], heart, atol=1)
    chest = [14, 31, 32, 7, 16, 23, 32, 24, 5, 39, 150, 27, 24, 54, 123, 117, 15, 55, 122, 78]
    np.testing.assert_allclose(long_axis[0].ravel(), chest, atol=1)
    chest = [13, 13, 13, 11, 14, 50, 172, 105, 21, 35, 372, 17, 39, 25, 183, 20, 12, 29, 42, 119]
    np.testing.assert_allclose(long_axis[2].ravel(), chest, atol=1)


@pytest.mark.parametrize("name", OTHERS)
def test_another_scanner_shows_the_same_heart_in_other_grey_values(studies, name):
    one, other = studies["default"], studies[name]
    assert truth_row(1, one) == truth_row(1, other)
    for seen, again in zip(one.series, other.series, strict=True):
        assert seen.plan.view == again.plan.view
        np.testing.assert_array_equal(seen.plan.affine, again.plan.affine)
        np.testing.assert_array_equal(seen.shifts, again.shifts)
        np.testing.assert_array_equal(seen.labels, again.labels)
        assert (seen.pixels != again.pixels).mean() > 0.8


def test_the_same_faults_strike_in_all_scanners():
    order = CohortSpec(7, "small", "mixed", "default")
    noisy = order._replace(scanner=Scanner("noisy", snr=(8.0, 9.0)))
    one, other = scan(order, FAULTY), scan(noisy, FAULTY)
    assert one.faults == other.faults != []
    for seen, again in zip(one.series, other.series, strict=True):
        np.testing.assert_array_equal(seen.labels, again.labels)


def test_blood_and_muscle_stand_apart_as_each_scanner_says_and_air_is_darkest_with_least_noise(studies):
    ratio = {name: blood_to_muscle(study) for name, study in studies.items()}
    assert ratio["default"] > 1.12 * ratio["balanced_3t"]
    assert ratio["balanced_3t"] > 1.12 * ratio["gradient_echo"]
    for name, study in studies.items():
        assert ratio[name] == pytest.approx(1 / study.world.scene.tissues.muscle, rel=0.2)

    def air(study):
        return np.percentile(middle(study)[0], 5) / study.world.session.blood

    assert air(studies["balanced_3t"]) < air(studies["gradient_echo"]) / 2


def test_noise_in_blood_is_what_each_scanner_says(studies):
    for study in studies.values():
        pixels, labels = middle(study)
        still = pixels[:, (labels == 0).all(axis=0)]
        change = np.diff(still, axis=0)
        bright = still.mean(axis=0) > 0.5 * study.world.session.blood  # there Rician noise is normal
        noise = np.median(np.abs(change[:, bright])) / 0.6745 / np.sqrt(2)
        assert noise == pytest.approx(study.world.session.blood / study.world.session.snr, rel=0.12)


def quiet(name, **options):
    """Return a study in which next to nothing else disturbs."""
    return scanned(Scanner(name, **({"resolution": (1.0, 1.0), "snr": (1000.0, 1000.0)} | options)))


@pytest.fixture(scope="module")
def sharp():
    return quiet("sharp")


def test_an_edge_is_widest_where_least_of_k_space_was_acquired(sharp):
    coarse = quiet("coarse", resolution=(0.5, 0.5))
    steepest = [np.percentile(np.abs(np.diff(middle(study)[0][0], axis=0)), 99.5) for study in (sharp, coarse)]
    assert steepest[1] < 0.8 * steepest[0]


def test_thick_slices_mix_blood_and_muscle_where_the_wall_runs_aslant_and_say_so():
    thin, thick = (quiet("one", thickness=(part, part), resolution=DEFAULT.resolution) for part in (0.5, 1.5))
    assert [study.series[0].plan.thickness for study in (thin, thick)] == [4.0, 12.0]
    differ = np.abs(thin.series[0].pixels.astype(float) - thick.series[0].pixels).mean(axis=(0, 2, 3))
    assert differ[-3] > 1.5 * differ[4]  # towards the apex the wall runs aslant


def test_bands_lie_still_while_the_heart_beats_through_them(sharp):
    banded = quiet("banded", field=MainField(pocket=(0.9, 0.9)))
    (pixels, _), (ideal, labels) = middle(banded), middle(sharp)
    stack = sharp.series[0]
    index, rows, columns = stack.labels.shape[1] // 2, *stack.labels.shape[2:]
    row, column = np.divmod(np.arange(rows * columns), columns)
    points = to_mm(slice_affine(stack.plan.affine, index), np.stack([column, row], axis=1))
    told = banding(banded.world.session.field.cycles(points, banded.world.placement)).reshape(rows, columns)
    bright = ideal > 0.4 * sharp.world.session.blood
    np.testing.assert_allclose(pixels[bright] / ideal[bright], np.broadcast_to(told, ideal.shape)[bright], atol=0.12)
    heart = (labels > 0).any(axis=0)
    assert told[heart].min() < 0.3
    assert told[heart].max() > 0.95
