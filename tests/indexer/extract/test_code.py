"""Tests of source code."""

from pathlib import Path

from indexer.chunking import chunk_document
from indexer.extract.code import MAX_LINE_CHARS, extract
from indexer.types import BlockKind, Document
from tests.indexer.tokenizer import minilm_counter

PYTHON = '''"""A cabin."""

import os

PAINT = "red"


# how it is built
@cache
class Cabin:
    """Has a roof."""

    async def roof(self) -> str:
        """Return what it is made of."""

        return "tin"

    def walls(self) -> str:
        return "wood"


def build(plan: str) -> Cabin:
    return Cabin()


DONE = True
'''

GO = """package main

func (c *Cabin) Paint(colour string) error {
	return nil
}

type Boat struct {
	Name string
}
"""

TYPESCRIPT = """export default class Cabin extends House {
  paint(colour: string) { return colour; }
}

export async function build(plan: Plan): Promise<Cabin> {
  return new Cabin();
}
"""


def read(name: str, text: str) -> Document:
    return extract(Path(name), text.encode())


def definitions(document: Document) -> list[tuple[int, str]]:
    return [(b.level, b.title) for b in document.blocks if b.kind is BlockKind.HEADING and b.title]


def test_python_definitions_are_nested_by_indentation() -> None:
    """Classes and functions are headings, methods one level deeper."""
    assert definitions(read("a.py", PYTHON)) == [(1, "Cabin"), (2, "roof"), (2, "walls"), (1, "build")]


def test_other_languages_are_told_by_their_words() -> None:
    """The word that opens a definition is enough."""
    assert definitions(read("a.go", GO)) == [(1, "Paint")]
    assert definitions(read("a.ts", TYPESCRIPT)) == [(1, "Cabin"), (1, "build")]


def test_a_definition_begins_with_what_stands_above_it() -> None:
    """Decorators and comments belong to what follows them."""
    document = read("a.py", PYTHON)
    block = next(b for b in document.blocks if b.title == "Cabin")
    assert document.text[block.start : block.end] == "# how it is built\n@cache\nclass Cabin:"


def test_chunks_stand_under_the_names_around_them() -> None:
    """A method is found with the name of its class; code after a function is not part of it."""
    document = read("a.py", PYTHON)
    chunks = chunk_document(document, counter=minilm_counter(), capacity_tokens=34)
    paths = {line: chunk.locator.headings for chunk in chunks for line in chunk.text.split("\n")}
    assert paths['        return "tin"'] == ("Cabin", "roof")
    assert paths['        return "wood"'] == ("Cabin", "walls")
    assert paths["DONE = True"] == ()


def test_blocks_cover_the_file() -> None:
    """Nothing but white space stands between blocks, and each begins with a line."""
    for text in (PYTHON, GO, TYPESCRIPT, "x = 1", "\n\n}\n\n)\n", "def a():\n  pass\nb = 1\n\n  c\n\nd\n"):
        document = read("a.py", text)
        place = 0
        for block in document.blocks:
            assert block.start >= place
            assert not text[place : block.start].strip()
            assert block.start == 0 or text[block.start - 1] == "\n"
            place = block.end
        assert not text[place:].strip()


def test_words_in_prose_are_no_definitions() -> None:
    """A docstring that speaks of a class of people defines none."""
    assert definitions(read("a.py", '"""\nclass of people\nfunction of time\n"""\n')) == []


def test_generated_lines_are_cut_and_noted() -> None:
    """The rest of the file keeps its line numbers."""
    document = read("a.js", f"var a = 1;\n{'x' * (MAX_LINE_CHARS + 1)}\nvar b = 2;\n")
    assert document.text.split("\n")[1] == "x" * MAX_LINE_CHARS
    assert document.text.split("\n")[2] == "var b = 2;"
    assert document.notes == ("lines cut after 5,000 characters: 1",)


def test_a_coding_cookie_is_believed() -> None:
    """Python files may name their encoding."""
    text = "# -*- coding: cp1250 -*-\nname = 'Příliš žluťoučký'\n"
    assert extract(Path("a.py"), text.encode("cp1250")).text == text
