"""Names of models for the shell's tab key."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def complete_model(
    context: click.Context,  # noqa: ARG001 - the signature click calls
    parameter: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> "list[CompletionItem[str]]":
    """Complete a name of a model, or the path of a file; says nothing rather than fail.

    Args:
        context: Of the command line so far.
        parameter: The parameter that is completed.
        incomplete: What is typed of it.
    """
    # deferred: only a shell that completes comes here.
    from click.shell_completion import CompletionItem

    from assistant.engine.models.names import match_names
    from assistant.models.surroundings import Surroundings
    from indexer.errors import KbError

    if incomplete.startswith(("/", ".", "~")):
        return [CompletionItem(incomplete, type="file")]
    try:
        files = Surroundings.discover().files()
    except KbError:
        return []
    names = {
        name: file.program
        for file in reversed(files)
        if not file.is_side_file and not file.trouble
        for name in (*file.aliases[::-1], file.name)
    }
    begun = incomplete.lower()
    found = [name for name in reversed(names) if name.lower().startswith(begun)]
    # what only holds the words that were typed is offered where nothing begins with them.
    found = found or match_names(incomplete, {name: [name] for name in reversed(names)})
    return [CompletionItem(name, help=names[name]) for name in found]
