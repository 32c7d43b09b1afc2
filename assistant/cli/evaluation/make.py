"""`kb eval make`: a first set of questions from one's own files, to be edited."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import generators
from assistant.cli import diagnostics, filtering
from assistant.cli import output as stdout
from assistant.cli.completion import complete_model
from assistant.cli.diagnostics import Exit, Interrupted, StatusLine
from assistant.cli.group import Command
from assistant.times import counted
from indexer.client import IndexerClient, connect
from indexer.errors import UsageError
from indexer.paths import Places
from indexer.types import Filters

if TYPE_CHECKING:
    from assistant.evaluation.drafting import Draft
    from assistant.generating import TextGenerator

UNANSWERABLE_SHARE = 4
"""One question of so many asks for what the files do not say."""

HEADING = (
    "# Drafted by kb eval make. Read every line: correct what is wrong, delete what nobody would ask.",
    "# What counts is question, answer, source, quote and answerable; docs/evaluation.md tells it all.",
)


@click.command("make", cls=Command)
@click.option(
    "--output",
    metavar="FILE",
    default="questions.jsonl",
    show_default=True,
    help="Where to write it; - is standard output. A file that exists stays as it is.",
)
@click.option(
    "-n", "count", default=20, show_default=True, type=click.IntRange(1, 100), help="Questions to draft."
)
@filtering.filter_options
@click.option("--seed", default=0, show_default=True, help="Draws other passages.")
@click.option(
    "--model", metavar="NAME", shell_complete=complete_model, help="Have this GGUF write, by name or path."
)
@click.option("--no-model", is_flag=True, help="Make questions by rule, of plain statements only.")
def make(
    output: str,
    count: int,
    filters: Filters,
    seed: int,
    model: str | None,
    *,
    no_model: bool,
) -> Exit:
    """Draft questions from your files, for you to edit; then `kb eval run` asks them.

    A model writes one question for each of some passages drawn at random, and
    what the passage does not answer is thrown away; without a model they are made
    by rule. A quarter asks for what your files do not say. Each line tells which
    file, place and sentence it is from.
    """
    # deferred, all: help needs none of it.
    from assistant.config import Settings
    from indexer.config import load_settings

    if model is not None and no_model:
        raise UsageError("--model and --no-model exclude each other")
    file = None if output == "-" else Path(output)
    if file is not None and file.exists():
        raise UsageError(f"{file} exists, and may have been edited", hint="name another one with --output")
    places = Places.discover()
    settings = load_settings(places.config_file, Settings)
    client = connect(places)
    drafts: list[Draft] = []
    is_stopped = False
    with StatusLine() as line:
        has_model = not no_model and (model is not None or generators.has_generator(settings))
        generator = (
            generators.open_generator(places, settings, model=model, say=line.show) if has_model else None
        )
        try:
            _draft(drafts, client, generator, filters, count=count, seed=seed, line=line)
        except KeyboardInterrupt:
            is_stopped = True
    if drafts:
        _write(drafts, client, file)
    if is_stopped:
        raise Interrupted(f"stopped; {counted(len(drafts), 'question')} {_written_to(file)}")
    return _said(drafts, client, count, file, has_model=has_model)


def _draft(
    drafts: "list[Draft]",
    client: IndexerClient,
    generator: "TextGenerator | None",
    filters: Filters,
    *,
    count: int,
    seed: int,
    line: StatusLine,
) -> None:
    """Add drafts one by one, so that whatever ends it leaves those that there are."""
    # deferred: as in the command.
    from assistant.evaluation.drafting import draft_answerable, draft_unanswerable

    unanswerable = count // UNANSWERABLE_SHARE
    wanted = count - unanswerable

    def tell(read: int) -> None:
        line.show(f"{len(drafts)} of {counted(count, 'question')} drafted, {counted(read, 'passage')} read…")

    line.show("drawing passages…")
    for draft in draft_answerable(
        wanted, sampler=client, generator=generator, seed=seed, filters=filters, on_passage=tell
    ):
        drafts.append(draft)
    line.show("looking for what the files do not say…")
    answerable = list(drafts)
    for draft in draft_unanswerable(unanswerable, answerable, searcher=client, seed=seed, filters=filters):
        drafts.append(draft)


def _write(drafts: "list[Draft]", client: IndexerClient, file: Path | None) -> None:
    # deferred: as in the command.
    from assistant.evaluation.sources import IndexedFiles

    files = IndexedFiles([entry.path for entry in client.files()], client.roots())
    lines = [*HEADING]
    for draft in drafts:
        short = draft.passage.short_path
        # a short name that fits another file too would be no name.
        source = short if files.find(short) == {draft.passage.path} else str(draft.passage.path)
        lines.append(json.dumps(draft.to_json(source), ensure_ascii=False))
    text = "".join(f"{each}\n" for each in lines).encode("utf-8", "replace")
    if file is None:
        stdout.write_piece(text.decode("utf-8"))
        return
    try:
        with file.open("xb") as opened:
            opened.write(text)
    except OSError as error:
        raise UsageError(f"cannot write {file}: {(error.strerror or str(error)).lower()}") from error


def _written_to(file: Path | None) -> str:
    return "drafted" if file is None else f"written to {file}"


def _said(
    drafts: "list[Draft]", client: IndexerClient, count: int, file: Path | None, *, has_model: bool
) -> Exit:
    """Say how many there are of which kind, and what comes next."""
    if not drafts:
        if not client.roots():
            raise UsageError("no folder is indexed yet", hint="run `kb add FOLDER`")
        diagnostics.notice(
            "no question could be drafted",
            hint="" if has_model else "a language model writes them from any text; `kb models` lists them",
        )
        return Exit.NOTHING_FOUND
    lacking = sum(not draft.is_answerable for draft in drafts)
    next_step = "" if file is None else f"edit it, then run `kb eval run {file}`"
    diagnostics.notice(
        f"{counted(len(drafts), 'question')} {_written_to(file)},"
        f" {lacking} of them about what your files do not say",
        hint=next_step,
    )
    if len(drafts) < count:
        diagnostics.notice(
            f"{counted(count, 'question')} were wanted, and no more came of what was read",
            hint="" if has_model else "a language model writes more; `kb models` lists them",
        )
    return Exit.ANSWERED
