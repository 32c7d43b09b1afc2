"""What the README promises stands in the program."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from assistant.cli.app import kb

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL_BLOCKS = re.findall(r"```(?:sh|console)\n(.*?)```", README, re.DOTALL)


def _commands() -> list[str]:
    """List what follows `kb` in the README's shell blocks, up to a comment or a pipe."""
    lines = "\n".join(SHELL_BLOCKS).splitlines()
    found = [re.search(r"(?:^|[$|] )kb ((?:[a-z]+ ?)+)", line) for line in lines]
    return sorted({match[1].strip() for match in found if match})


@pytest.mark.parametrize("words", _commands())
def test_a_command_of_the_readme_exists(words: str) -> None:
    """The first word after `kb` is a command, and where it is a group, so is the second."""
    context = click.Context(kb)
    group: click.Command = kb
    for word in words.split():
        if not isinstance(group, click.Group):
            return
        command = group.get_command(context, word)
        assert command is not None, f"kb {words}"
        group = command


def test_the_make_targets_of_the_readme_exist() -> None:
    """Every `make` target the README names can be made."""
    targets = set(re.findall(r"\bmake ([a-z-]+)", README))
    assert {"demo", "test"} <= targets
    for target in sorted(targets):
        ended = subprocess.run(
            ["make", "--dry-run", target, f"PYTHON={sys.executable}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr


def test_every_link_of_the_readme_leads_somewhere() -> None:
    """Relative links name files that are there."""
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
