"""stderr and the exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli.diagnostics import EXIT_CODES, Exit, Interrupted, ReaderLeft, exit_code, notice, run
from assistant.errors import EngineCrashedError, ModelFileError, ModelNotFoundError, PromptTooLongError
from indexer.errors import ConfigError, DaemonError, KbError, StoreMismatchError, UsageError
from tests.assistant.cli.kb import environment, on_terminal


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), Exit.USAGE),
        (ConfigError("x"), Exit.USAGE),
        (DaemonError("x"), Exit.INDEX),
        (StoreMismatchError(stored="a", configured="b"), Exit.INDEX),
        (ModelNotFoundError("x"), Exit.ENGINE),
        (ModelFileError("x"), Exit.ENGINE),
        (EngineCrashedError("x"), Exit.ENGINE),
        (PromptTooLongError("x"), Exit.ENGINE),
    ],
)
def test_every_kind_of_error_has_its_code(error: KbError, code: Exit) -> None:
    """The code tells a script whose fault it was."""
    assert exit_code(error) == code


def test_the_help_names_every_code() -> None:
    """What is written in the help is what is returned."""
    assert all(f" {code.value} " in EXIT_CODES for code in Exit)


def test_an_error_is_a_line_and_its_hint_another(capsys: pytest.CaptureFixture[str]) -> None:
    """Error and remedy go to stderr."""

    def fail() -> int:
        raise UsageError("there is nothing", hint="run `kb add`")

    assert run(fail) == Exit.USAGE
    captured = capsys.readouterr()
    assert captured.err == "kb: error: there is nothing\n  run `kb add`\n"
    assert captured.out == ""


def test_a_message_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A file name with escape sequences and line ends stays one plain line."""
    notice("cannot read a\x1b[2Jb\nc")
    assert capsys.readouterr().err == "kb: cannot read ab c\n"


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (KeyboardInterrupt(), Exit.INTERRUPTED, "kb: interrupted\n"),
        (Interrupted("indexing goes on"), Exit.INTERRUPTED, "kb: indexing goes on\n"),
        (ReaderLeft(), Exit.ANSWERED, ""),
    ],
)
def test_what_ends_a_command_early(
    raised: BaseException, code: Exit, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C is one line and 130; a reader that has enough is nothing at all."""

    def stop() -> int:
        raise raised

    assert run(stop) == code
    assert capsys.readouterr().err == said


def test_a_bug_is_not_hidden() -> None:
    """What nobody thought of keeps its traceback."""

    def fail() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(fail)


def test_a_status_line_is_wiped_and_only_terminals_see_it(tmp_path: Path) -> None:
    """On a terminal the line appears and goes; on a pipe nothing is written."""
    program = (
        "from assistant.cli.diagnostics import StatusLine\n"
        "with StatusLine() as line:\n    line.show('reading\\x1b[2J 6 passages')\n"
    )
    piped = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, env=environment(tmp_path), check=True
    )
    assert piped.stderr == b""
    shown = on_terminal(tmp_path, "-c", program, environ={"TERM": "xterm"})
    assert shown == "\r\x1b[Kreading 6 passages\r\x1b[K"


def test_a_status_line_leaves_room_for_an_interrupt(tmp_path: Path) -> None:
    """The "^C" that a terminal writes stands on the same line, and is wiped with it."""
    program = (
        "from assistant.cli.diagnostics import StatusLine\n"
        "with StatusLine() as line:\n    line.show('x' * 100)\n"
    )
    shown = on_terminal(tmp_path, "-c", program, environ={"TERM": "xterm", "COLUMNS": "40"})
    assert shown.count("x") + len("^C") < 40
