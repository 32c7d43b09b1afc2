"""`kb history`: the conversations that were had."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.cli import diagnostics, options, output
from assistant.cli.diagnostics import Exit
from assistant.cli.group import Command, Group
from assistant.conversations import excerpt, find, forget
from assistant.exporting import as_markdown, write_file
from assistant.terminal import plain, plain_line
from assistant.times import ago, counted, moment
from indexer.errors import UsageError
from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.history import Conversation, History, Source, StoredTurn

_ID = click.IntRange(1)


@click.group(cls=Group)
def history() -> None:
    """Show, search, export or delete the conversations that were had.

    `kb ask` keeps them, on this machine alone; `kb ask --private` and
    `[history] keep = false` keep nothing.
    """


@history.command("list", cls=Command)
@click.option("-n", "limit", type=click.IntRange(1), help="Conversations at most.  [default: all]")
@options.json_option("an array of objects")
def list_(limit: int | None, *, as_json: bool) -> Exit:
    """List the conversations, the latest first: id, age, questions, title."""
    with _open() as kept:
        found = kept.conversations(limit=-1 if limit is None else limit) if kept else []
    if as_json:
        output.write_json([each.to_json() for each in found])
    else:
        now = time.time()
        output.write_table(
            (str(each.id), ago(each.updated_at, now=now), counted(each.turns, "question"), each.title)
            for each in found
        )
    return _answered(found)


@history.command(cls=Command)
@click.argument("conversation", metavar="[ID]", type=_ID, required=False)
@options.json_option("one object")
def show(conversation: int | None, *, as_json: bool) -> Exit:
    """Show the conversation ID, or the last one: questions, answers and their sources."""
    with _open() as kept:
        if kept is None:
            return _answered([])
        found = find(kept, conversation)
        turns = kept.turns(found.id)
    if as_json:
        output.write_json({**found.to_json(), "turns": [turn.to_json() for turn in turns]})
        return Exit.ANSWERED
    output.write_styled(output.bold(found.title), "  ", output.dim(f"conversation {found.id}"))
    for turn in turns:
        output.write_line()
        _write_turn(turn)
    return Exit.ANSWERED


@history.command(cls=Command)
@click.argument("words", nargs=-1, required=True)
@click.option(
    "-n", "limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Turns at most."
)
@options.json_option("an array of objects")
def search(words: tuple[str, ...], limit: int, *, as_json: bool) -> Exit:
    """Find the questions and answers that hold all WORDS."""
    text = options.written(words, what="query")
    with _open() as kept:
        found = kept.search(text, limit=limit) if kept else []
    if as_json:
        output.write_json(
            [
                {
                    "conversation": each.conversation.id,
                    "title": each.conversation.title,
                    "turn": each.number,
                    **each.turn.to_json(),
                }
                for each in found
            ]
        )
    else:
        now = time.time()
        for number, each in enumerate(found):
            if number:
                output.write_line()
            output.write_styled(
                output.bold(f"{each.conversation.id}"),
                "  ",
                output.bold(each.turn.question),
                "  ",
                output.dim(ago(each.turn.asked_at, now=now)),
            )
            output.write_wrapped(excerpt(each.turn, text), indent="    ")
    return _answered(found)


@history.command(cls=Command)
@click.argument("conversations", metavar="[ID]...", nargs=-1, type=_ID)
@click.option("--output", "target", metavar="FILE", help="Write this file instead of stdout.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def export(conversations: tuple[int, ...], target: str | None, *, force: bool) -> Exit:
    """Write conversations as Markdown, with their sources; all of them without ID."""
    with _open() as kept:
        if kept is None:
            return _answered([])
        wanted = (
            [find(kept, each) for each in dict.fromkeys(conversations)]
            if conversations
            else kept.conversations()[::-1]
        )
        text = as_markdown(kept, wanted)
    if not wanted:
        return _answered([])
    if target is None:
        output.write_piece(plain(text))
    else:
        path = options.absolute_path(target)
        try:
            write_file(path, text, replaces=force)
        except FileExistsError as error:
            raise UsageError(f"{path} is there already", hint="--force replaces it") from error
        diagnostics.notice(f"{counted(len(wanted), 'conversation')} written to {target}")
    return Exit.ANSWERED


@history.command(cls=Command)
@click.argument("conversation", metavar="ID", type=_ID)
@click.argument("title", nargs=-1, required=True)
def rename(conversation: int, title: tuple[str, ...]) -> Exit:
    """Give the conversation ID another TITLE."""
    text = options.written(title, what="title")
    if not text:
        raise UsageError("the title is empty")
    with _open() as kept:
        if kept is None or not kept.rename(conversation, text):
            raise UsageError(
                f"there is no conversation {conversation}", hint="`kb history list` shows them all"
            )
    return Exit.ANSWERED


@history.command(cls=Command)
@click.argument("conversations", metavar="[ID]...", nargs=-1, type=_ID)
@click.option("--all", "is_all", is_flag=True, help="Delete all of them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(conversations: tuple[int, ...], *, is_all: bool, yes: bool) -> Exit:
    """Delete the conversations ID …, so that nothing of them is left on the disk.

    What the model keeps of its last prompt goes too, and with it the process that holds the model.
    """
    if is_all == bool(conversations):
        raise UsageError("name the conversations to delete, or give --all", hint="`kb history list`")
    with _open() as kept:
        if kept is None:
            return _answered([])
        wanted = kept.conversations() if is_all else [find(kept, each) for each in conversations]
        if not wanted:
            return _answered([])
        if not yes:
            _confirm(wanted)
        count = forget(kept, None if is_all else wanted, Places.discover())
    output.write_line(f"{counted(count, 'conversation')} deleted")
    return Exit.ANSWERED


@contextlib.contextmanager
def _open() -> "Iterator[History | None]":
    """Open the history; `None` if nothing was ever kept."""
    file = Places.discover().history_file
    if not file.exists():
        yield None
        return
    # deferred: sqlite3 takes longer to import than help takes to print.
    from assistant.history import History

    with History.open(file) as kept:
        yield kept


def _answered(found: Sequence[object]) -> Exit:
    if found:
        return Exit.ANSWERED
    diagnostics.notice("nothing found")
    return Exit.NOTHING_FOUND


def _confirm(wanted: "Sequence[Conversation]") -> None:
    """Ask the person whether to delete.

    Raises:
        UsageError: If there is nobody to ask.
        Interrupted: If they do not want to.
    """
    if not (os.isatty(sys.stdin.fileno()) and os.isatty(sys.stderr.fileno())):
        raise UsageError("nobody is there to be asked whether to delete them", hint="--yes deletes unasked")
    what = f"“{plain_line(wanted[0].title)}”" if len(wanted) == 1 else counted(len(wanted), "conversation")
    if not click.confirm(f"kb: delete {what} for good?", err=True):
        raise diagnostics.Interrupted("nothing is deleted")


def _write_turn(turn: "StoredTurn") -> None:
    output.write_styled(output.bold(turn.question), "  ", output.dim(moment(turn.asked_at, now=time.time())))
    if turn.standalone != turn.question:
        output.write_styled(output.dim(f"searched for: {turn.standalone}"))
    output.write_line(turn.answer.strip() if turn.answered else "not in your files")
    for number, group in groupby(turn.sources, key=lambda source: source.n):
        _write_source(number, list(group))


def _write_source(number: int, sources: "Sequence[Source]") -> None:
    path = sources[0].path
    wheres = dict.fromkeys(where for one in sources if (where := one.locator.describe()))
    short = str(path) if len(path.parts) < 3 else str(Path(*path.parts[-2:]))
    output.write_styled(output.bold(f"[{number}]"), " ", output.place(path, short, "; ".join(wheres)))
