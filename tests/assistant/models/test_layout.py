"""Laying out a table for terminals of any width."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.models.layout import Column, elide, lay_out

COLUMNS = [
    Column("NAME", ["a" * 30, "b"]),
    Column("SIZE", ["1 GB", "12 GB"], is_number=True),
    Column("SPEED", ["", ""]),
    Column("QUANT", ["Q4_K_M", ""], rank=1),
    Column("FROM", ["kb", "Ollama"], rank=2),
]


def test_wide_enough_for_everything() -> None:
    """Numbers stand to the right, and what says nothing of anybody is left out."""
    assert lay_out(COLUMNS, 80) == [
        "NAME                             SIZE  QUANT   FROM",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa   1 GB  Q4_K_M  kb",
        "b                               12 GB          Ollama",
    ]


def test_names_are_shortened_before_a_column_goes() -> None:
    """Their ends are what tells them apart."""
    assert lay_out(COLUMNS, 48)[1] == "aaaaaaaaaaaa…aaaaaaaaaaaa   1 GB  Q4_K_M  kb"
    assert [line.split()[-1] for line in lay_out(COLUMNS, 40)[:1]] == ["QUANT"]
    assert [line.split()[-1] for line in lay_out(COLUMNS, 33)[:1]] == ["SIZE"]


@given(
    names=st.lists(st.text("ab-", min_size=1, max_size=60), min_size=1, max_size=5),
    width=st.integers(30, 120),
)
def test_no_line_is_too_wide(names: list[str], width: int) -> None:
    """Whatever names there are, every row is there and fits."""
    others = [Column(heading, ["x" * 8] * len(names), rank=rank) for rank, heading in enumerate("ABCD")]
    lines = lay_out([Column("NAME", names), *others], width)
    assert len(lines) == len(names) + 1
    assert max(map(len, lines)) <= width


@given(text=st.text(max_size=50), width=st.integers(3, 60))
def test_a_shortened_text_keeps_its_ends(text: str, width: int) -> None:
    """No longer than asked for, and as it is where it fits."""
    cut = elide(text, width)
    assert len(cut) <= width
    assert cut == text or (cut[0], cut[-1]) == (text[0], text[-1])
