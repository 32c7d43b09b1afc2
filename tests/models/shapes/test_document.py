"""The page about models names what is tried, and nothing else."""

import re
from pathlib import Path

import pytest

from tests.models.shapes import DIALECTS, SHAPES
from tests.models.shapes.real import REAL

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([\w.-]+)` \| ([^|]*) \|([^|]*)\|", DOCUMENT, re.MULTILINE)


def test_the_page_lists_every_architecture_that_is_tried() -> None:
    """Its tables have the same names in the same order, and the same models behind them."""
    assert [(name, models.strip()) for name, models, _ in ROWS] == [
        (name, shape.models) for name, shape in SHAPES.items()
    ]


def test_every_architecture_on_the_page_answers() -> None:
    """What is not supported is named elsewhere on the page, not in the table."""
    assert {name: works.strip() for name, _, works in ROWS if works.strip() != "yes"} == {}


def test_every_shape_has_a_vocabulary_and_a_template_to_be_tried_with() -> None:
    """A shape that is added is added to the trial too."""
    assert REAL.keys() == SHAPES.keys()


@pytest.mark.parametrize("name", SHAPES)
def test_a_name_begins_with_its_architecture(name: str) -> None:
    """People look for the name that llama.cpp gives."""
    assert name == SHAPES[name].architecture or name.startswith(f"{SHAPES[name].architecture}-")
    assert SHAPES[name].dialect in DIALECTS
