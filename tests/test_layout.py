"""The shape of the project itself: small files, tests that say what they show."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("assistant", "indexer", "tests", "benchmarks", "examples")

LONG_FILES: dict[str, str] = {}
"""Files allowed past the limit, each with its reason."""

LINE_LIMIT = 400


def _sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_no_file_outgrows_the_limit() -> None:
    """A module past 400 lines is split, or has its reason written here."""
    too_long = {
        str(path.relative_to(ROOT)): lines
        for path in _sources()
        if (lines := path.read_text(encoding="utf-8").count("\n")) > LINE_LIMIT
        and str(path.relative_to(ROOT)) not in LONG_FILES
    }
    assert too_long == {}


def test_every_test_states_its_behaviour() -> None:
    """Every test function has a docstring that says what holds."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in _sources()
        if path.name.startswith("test_")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_module_opens_with_what_it_is() -> None:
    """Every module has a docstring."""
    silent = [
        str(path.relative_to(ROOT))
        for path in _sources()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []
