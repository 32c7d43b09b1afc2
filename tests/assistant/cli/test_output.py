"""stdout: plain where it is piped, styled where a person looks."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli import output
from tests.assistant.cli.kb import environment, on_terminal

PROGRAM = """
from pathlib import Path
from assistant.cli import output
name = "v/a b\\x1b[1m.md"
output.write_styled(output.bold("[1]"), " ", output.place(Path("/" + name), name, "line 3"))
output.write_wrapped("word " * 30, indent="    ")
output.write_table([["a", "long cell\\x1b[2J"], ["bcd", "x"]])
output.write_json({"text": "\\x1b\\u202e\\x9b", "n": [1]})
"""


def shown_on_terminal(tmp_path: Path, environ: dict[str, str]) -> str:
    """Run the program on a terminal and return what it shows."""
    return on_terminal(tmp_path, "-c", PROGRAM, environ=environ).replace("\r\n", "\n")


def test_a_pipe_gets_plain_text(tmp_path: Path) -> None:
    """No escape sequence, the absolute path, whole paragraphs, tabs between cells, one line of JSON."""
    piped = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        env=environment(tmp_path, {"TERM": "xterm"}),
        check=True,
    ).stdout.decode()
    lines = piped.split("\n")
    assert "\x1b" not in piped
    assert lines[0] == "[1] /v/a b.md, line 3"
    assert lines[1] == "    " + ("word " * 30).strip()
    assert lines[2:4] == ["a\tlong cell", "bcd\tx"]
    assert lines[4] == r'{"text": "\u001b\u202e\u009b", "n": [1]}'


def test_a_terminal_gets_links_and_columns(tmp_path: Path) -> None:
    """Bold numbers, a short name that opens the file, wrapped text, aligned columns, indented JSON."""
    shown = shown_on_terminal(tmp_path, {"TERM": "xterm", "COLUMNS": "40"})
    assert "\x1b]8;;file:///v/a%20b%1B%5B1m.md\x1b\\v/a b.md\x1b]8;;\x1b\\, line 3" in shown
    lines = shown.split("\n")
    assert max(len(line) for line in lines if line.startswith("    word")) <= 40
    assert "a    long cell" in lines
    assert '  "text": "\\u001b\\u202e\\u009b",' in lines


@pytest.mark.parametrize("environ", [{"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_no_color_means_no_sequences(environ: dict[str, str], tmp_path: Path) -> None:
    """With NO_COLOR, or a terminal that knows no sequences, none is written."""
    assert "\x1b" not in shown_on_terminal(tmp_path, environ)


def test_a_locale_without_a_character_loses_only_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is printed also where its letters cannot be."""
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    output.write_line("café")
    narrow.flush()
    assert narrow.buffer.getvalue() == b"caf?\n"


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    """What cannot be written is an error of exit code 2, said once."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "assistant", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(tmp_path),
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr.decode() == "kb: error: cannot write the output: No space left on device\n"


def test_a_closed_pipe_is_silent(tmp_path: Path) -> None:
    """`kb … | head -1` neither complains nor fails."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "assistant", "config", "show"],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")
