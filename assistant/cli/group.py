"""Commands that are imported only when they are called.

The table names each command's place and its one line of help, so that
`kb --help` imports none of them; a test keeps the table equal to the commands.
"""

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from assistant.cli import output
from assistant.cli.diagnostics import EXIT_CODES

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command stands, and what it does in one line."""

    target: str
    """`module:attribute`."""

    help: str


class Command(click.Command):
    """A command whose help ends with the exit codes."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return `--help`, printing as everything else does."""
        return _printing(super().get_help_option(ctx))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the exit codes."""
        _write_exit_codes(formatter)


class Group(click.Group):
    """A group whose help ends with the exit codes, and whose commands do."""

    command_class = Command

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return `--help`, printing as everything else does."""
        return _printing(super().get_help_option(ctx))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the exit codes."""
        _write_exit_codes(formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and name the nearest when there is none of that name."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            suggestion = f"; did you mean `{ctx.command_path} {near[0]}`?" if near else ""
            raise click.UsageError(f"there is no command {name!r}{suggestion}", ctx)
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """A group that knows its commands by a table.

    Args:
        table: Every command by name, in the order in which help lists them.
    """

    def __init__(self, *args: Any, table: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the one command that is asked for."""
        if cmd_name not in self.table:
            return None
        module, attribute = self.table[cmd_name].target.split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[Any]]":
        """Complete names of commands from the table alone."""
        # deferred: only a shell whose tab key was pressed comes here.
        from click.shell_completion import CompletionItem

        names = [(name, entry) for name, entry in self.table.items() if name.startswith(incomplete)]
        return [
            *(CompletionItem(name, help=entry.help) for name, entry in names),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.table.items()])


def _printing(option: click.Option | None) -> click.Option | None:
    if option is not None:
        option.callback = _show_help
    return option


def _show_help(ctx: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if is_wanted and not ctx.resilient_parsing:
        output.write_line(ctx.get_help())
        ctx.exit()


def _write_exit_codes(formatter: click.HelpFormatter) -> None:
    formatter.write_paragraph()
    formatter.write_text(EXIT_CODES)
