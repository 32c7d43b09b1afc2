"""The one line of the config that changes, and nothing else."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.models.setting import with_value

CONFIG = """\
# mine
[answer]
passages = 9 # enough

[model] # the big one
path = 'old.gguf'  # was good
folders = [
  "/a", # path = "no"
]
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[model]\npath = "n"\n'),
        ("[answer]\npassages = 1\n", '[answer]\npassages = 1\n\n[model]\npath = "n"\n'),
        ("[answer]\npassages = 1", '[answer]\npassages = 1\n\n[model]\npath = "n"\n'),
        ("[model]", '[model]\npath = "n"\n'),
        ("[model]\nthreads = 2\n", '[model]\npath = "n"\nthreads = 2\n'),
        ("[model]\r\n# path = 'x'\r\n", "[model]\r\npath = \"n\"\r\n# path = 'x'\r\n"),
        ('[model]\npath="a\\"b" # c\n', '[model]\npath="n" # c\n'),
        ('model.path = "a"\n', 'model.path = "n"\n'),
        ('[other]\npath = "x"\n[model]\npath = "y"\n', '[other]\npath = "x"\n[model]\npath = "n"\n'),
        (CONFIG, CONFIG.replace("'old.gguf'", '"n"')),
    ],
)
def test_one_value_changes_and_nothing_else(before: str, after: str) -> None:
    """Comments, order and line ends stay."""
    assert with_value(before, "model", "path", "n") == after


def test_a_file_in_another_style_is_left_alone() -> None:
    """An inline table is not taken apart."""
    assert with_value('model = { path = "a" }\n', "model", "path", "n") is None


@given(value=st.text(st.characters(codec="utf-8")), old=st.text(st.characters(codec="utf-8")))
def test_any_text_is_written_as_it_is(value: str, old: str) -> None:
    """Whatever a path holds, the file says it afterwards, and the rest as before."""
    text = f"# {old!r}\n[answer]\npassages = 3\n[model]\npath = {json.dumps('x')} # y\n"
    changed = with_value(text, "model", "path", value)
    assert changed is not None
    assert tomllib.loads(changed) == {"answer": {"passages": 3}, "model": {"path": value}}
    assert changed.endswith(" # y\n")
