"""Tests of importing modules without their packages."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.standins import stand_in_for


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package that leaves a file behind where its own code runs, and has one module and one name."""
    name = "package_to_stand_in_for"
    folder = tmp_path / name
    folder.mkdir()
    ran = f"with open({str(tmp_path / 'ran')!r}, 'a') as file:\n    file.write('once ')\n"
    (folder / "__init__.py").write_text(f"{ran}from .part import VALUE\nOWN = VALUE + 1\n")
    (folder / "part.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for each in [each for each in sys.modules if each.partition(".")[0] == name]:
        del sys.modules[each]


def test_a_module_is_imported_without_its_package(package: str, tmp_path: Path) -> None:
    """What the package would do at its import is left undone."""
    stand_in_for(package)
    assert importlib.import_module(f"{package}.part").VALUE == 1
    assert not (tmp_path / "ran").exists()


def test_whoever_wants_the_package_gets_it(package: str, tmp_path: Path) -> None:
    """A name that only the package's own code makes is found, its modules stay, and the code runs once."""
    stand_in_for(package)
    part = importlib.import_module(f"{package}.part")
    found = importlib.import_module(package)
    assert found.OWN == 2
    with pytest.raises(AttributeError):
        _ = found.MISSING
    assert found.part is part
    assert (tmp_path / "ran").read_text() == "once "


def test_an_imported_package_stays_as_it_is(package: str) -> None:
    """Nothing takes the place of what others use already."""
    real = importlib.import_module(package)
    assert stand_in_for(package) is real
    assert sys.modules[package] is real


def test_a_package_that_is_not_installed() -> None:
    """It is missed in the same words as by an import."""
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_package'"):
        stand_in_for("no_such_package")
