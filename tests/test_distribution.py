"""What `python -m build` makes: a wheel that works where there is no clone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

import cmr_ssl
from tests.runs import ROOT

pytest.importorskip("build")
pytest.importorskip("hatchling")
COMMAND = (
    "import sys; from importlib.metadata import distribution; "
    "(command,) = distribution('cmr-ssl').entry_points.select(name='cmr-ssl'); sys.exit(command.load()())"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder with the sdist and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(made, tmp_path_factory):
    """Return a folder that holds what the wheel installs."""
    place = tmp_path_factory.mktemp("installed")
    (wheel,) = made.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(place)
    return place


def python(installed, folder, *words):
    """Return what Python says, started in a folder, with nothing but what the wheel installs."""
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, "-W", "ignore", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files_of(folder):
    return {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_the_wheel_holds_all_of_the_package_and_every_config(installed):
    expected = {path.relative_to(ROOT) for path in files_of(ROOT / "cmr_ssl")}
    expected |= {Path("cmr_ssl", path.relative_to(ROOT)) for path in files_of(ROOT / "configs")}
    there = {path.relative_to(installed) for path in files_of(installed / "cmr_ssl")}
    assert there == expected
    assert Path("cmr_ssl/py.typed") in there


def test_its_command_finds_packaged_configs_in_an_empty_folder(installed, tmp_path):
    said = python(installed, tmp_path, "-c", COMMAND, "fit", "--config", "pretraining", "--print_config")
    assert yaml.safe_load(said)["model"]["class_path"] == "cmr_ssl.tasks.PretrainingTask"
    assert not [*tmp_path.iterdir()]


def test_its_modules_are_those_of_the_wheel(installed, tmp_path):
    code = "import cmr_ssl, cmr_ssl.shipped as s; print(cmr_ssl.__file__, s.shipped('smoke'))"
    assert all(path.startswith(str(installed)) for path in python(installed, tmp_path, "-c", code).split())


def test_the_version_stands_in_one_place_and_the_citation_says_the_same(made):
    assert [*made.glob(f"cmr_ssl-{cmr_ssl.__version__}-py3-none-any.whl")]
    assert str(yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]) == cmr_ssl.__version__
