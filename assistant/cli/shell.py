"""What the shell's tab key offers.

A person switches it on with a line in the shell's own start file:
`eval "$(_KB_COMPLETE=bash_source kb)"`, and likewise for zsh and fish.
"""

import os
from typing import Any

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class, shell_complete

VARIABLE = "_KB_COMPLETE"
"""Set by the shell when it asks."""


class _Bash(BashComplete):
    """Completion for bash, which takes the colon of "qwen3:8b" for the end of a word."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that one."""
        # the script parts the words by line breaks, so that those with blanks stay whole.
        words = os.environ["COMP_WORDS"].split("\n")
        *before, self._begun = join_at_colons(words[: int(os.environ["COMP_CWORD"]) + 1])
        return before[1:], self._begun

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Write what bash puts in the place of the word that it sees, which begins behind the colon."""
        seen = self._begun.rpartition(":")
        return f"{item.type},{item.value.removeprefix(seen[0] + seen[1])}"


def join_at_colons(words: list[str]) -> list[str]:
    """Put words together again that bash has parted at colons.

    Args:
        words: As bash sees them, the last one empty where a new one begins.
    """
    joined: list[str] = []
    for place, word in enumerate(words):
        if joined and (word == ":" or words[place - 1] == ":"):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def answer_shell(command: click.Command, instruction: str) -> int:
    """Answer what the shell asks: the script that asks, or what could stand at the cursor.

    Args:
        command: The whole command line's command.
        instruction: What `VARIABLE` holds: "bash_source", "zsh_complete".

    Returns:
        An exit code.
    """
    add_completion_class(_Bash)
    return shell_complete(command, {}, "kb", VARIABLE, instruction)
