"""The table of commands, help, and what happens around each command."""

from pathlib import Path

import click
import pytest

from assistant.cli import main
from assistant.cli.app import TABLE, kb, run_app
from assistant.cli.diagnostics import EXIT_CODES, Exit
from assistant.cli.group import Group
from tests.assistant.cli.kb import kb as run_kb


def context() -> click.Context:
    """Return a context as click makes one."""
    return click.Context(kb, info_name="kb")


def every_command() -> list[tuple[str, click.Command]]:
    """List all commands, those of groups included, by what is typed."""
    found: list[tuple[str, click.Command]] = []
    for name in TABLE:
        command = kb.get_command(context(), name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, Group):
            found += [(f"{name} {below}", each) for below, each in command.commands.items()]
    return found


@pytest.mark.parametrize("name", TABLE)
def test_the_table_says_what_the_command_says(name: str) -> None:
    """The line in `kb --help` begins as the command's own help does."""
    command = kb.get_command(context(), name)
    assert command is not None
    assert command.name == name
    assert command.help
    first = command.help.strip().split("\n\n")[0].replace("\n", " ")
    assert TABLE[name].help.split()[0] == first.split()[0]


@pytest.mark.parametrize(("name", "command"), every_command())
def test_every_help_page_ends_with_the_exit_codes(name: str, command: click.Command) -> None:
    """Whoever writes a script finds them where they look; and every command explains itself."""
    shown = command.get_help(click.Context(command, info_name=f"kb {name}"))
    assert " ".join(shown.split()).endswith(EXIT_CODES)
    assert command.help


def test_help_lists_every_command_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    """`kb` alone prints the help, with the line of each command."""
    assert run_app([]) == Exit.ANSWERED
    shown = capsys.readouterr().out
    positions = [shown.index(f"  {name} ") for name in TABLE]
    assert positions == sorted(positions)
    assert all(entry.help in shown for entry in TABLE.values())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["serach"],
            "kb: error: there is no command 'serach'; did you mean `kb search`?\n  `kb --help` explains it\n",
        ),
        (["frobnicate"], "kb: error: there is no command 'frobnicate'\n  `kb --help` explains it\n"),
        (["config", "edti"], "kb: error: there is no command 'edti'; did you mean `kb config edit`?\n"),
        (["search"], "kb: error: missing argument 'QUERY...'\n  `kb search --help` explains it\n"),
        (["ask", "--modle", "x"], "kb: error: there is no option --modle; did you mean --model?\n"),
        (["search", "-n", "0", "x"], "kb: error: invalid value for '-n': 0 is not in the range 1<=x<=1000\n"),
        (
            ["ask", "--model", "x", "--no-model", "q"],
            "kb: error: --model and --no-model exclude each other\n",
        ),
    ],
)
def test_wrong_usage_is_one_sentence_and_a_hint(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong, then where it is explained; exit code 2 and nothing on stdout."""
    assert run_app(arguments) == Exit.USAGE
    captured = capsys.readouterr()
    assert captured.err.startswith(said)
    assert captured.out == ""


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """`kb --version` names the installed release."""
    assert run_app(["--version"]) == 0
    assert capsys.readouterr().out.startswith("kb 0.")


def test_help_of_a_command_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """Asking for help succeeds and prints to stdout."""
    assert run_app(["ask", "--help"]) == 0
    captured = capsys.readouterr()
    assert "cat mail.txt | kb ask" in captured.out
    assert captured.err == ""


def test_every_command_stands_in_the_readme() -> None:
    """No command is a secret."""
    readme = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")
    assert [name for name in TABLE if f"kb {name}" not in readme] == []


def test_a_group_by_itself_shows_what_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """`kb engine` alone is answered with its help, as `kb` alone is."""
    assert run_app(["engine"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("Usage: kb engine")
    assert "status" in shown.out
    assert shown.err == ""


def test_an_interrupt_before_anything_is_loaded_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever presses Ctrl-C at once sees no traceback."""

    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("assistant.cli.app.run_app", interrupt)
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 130
    assert capsys.readouterr().err == "kb: interrupted\n"


def test_help_shows_the_example_as_it_is_typed(tmp_path: Path) -> None:
    """No control sequence of the help's own source is left in it."""
    shown = run_kb(tmp_path, "ask", "--help").out
    assert 'cat mail.txt | kb ask "what do they want?"\n' in shown
    assert "\\b" not in shown
