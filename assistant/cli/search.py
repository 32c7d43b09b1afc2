"""`kb search`: passages, best first."""

import click

from assistant.cli import diagnostics, filtering, freshness, options, output
from assistant.cli.diagnostics import Exit
from assistant.cli.group import Command
from indexer.client import connect
from indexer.paths import Places
from indexer.types import Filters, Passage


@click.command(cls=Command)
@click.argument("query", nargs=-1, required=True)
@click.option(
    "-n", "top_k", default=8, show_default=True, type=click.IntRange(1, 1000), help="Passages at most."
)
@filtering.filter_options
@options.fresh_option
@options.json_option("an array of passages, best first,")
def search(query: tuple[str, ...], top_k: int, filters: Filters, *, fresh: bool, as_json: bool) -> Exit:
    """Find the passages of your files that speak of QUERY, by words and by meaning.

    Each passage is shown with its place and its best sentences. What is searched
    can be said in QUERY too:

    \b
        kb search "rent in:home since:2026-01 type:pdf tag:flat exclude:drafts"
    """  # noqa: D301 - click reads the control character
    text = options.written(query, what="query")
    if not text:
        raise click.UsageError("the query is empty")
    client = connect(Places.discover())
    with diagnostics.StatusLine() as line:
        if fresh:
            freshness.wait_until_fresh(client, filtering.paths_of(filters), line)
        line.show("searching…")
        found = client.search(text, top_k=top_k, filters=filters)
    freshness.mention_freshness(client, found.as_of, found.pending)
    for remark in found.remarks:
        diagnostics.notice(remark)
    if as_json:
        output.write_json([passage.to_json() for passage in found.passages])
    else:
        for number, passage in enumerate(found.passages, start=1):
            if number > 1:
                output.write_line()
            write_passage(number, passage)
    if found.passages:
        return Exit.ANSWERED
    say_nothing_found(has_roots=bool(client.roots()))
    return Exit.NOTHING_FOUND


def write_passage(number: int, passage: Passage) -> None:
    """Print a passage: where it stands, under which headings, and its best sentences."""
    headings = " > ".join(passage.locator.headings)
    output.write_styled(
        output.bold(f"[{number}]"),
        " ",
        output.place(passage.path, passage.short_path, passage.locator.describe()),
        *(["  ", output.dim(headings)] if headings else []),
    )
    for sentence in best_sentences(passage):
        output.write_wrapped(sentence, indent="    ")


def best_sentences(passage: Passage) -> list[str]:
    """Return the highlights of a passage, or the beginning of its text where it has none."""
    highlights = [passage.text[span.start : span.end] for span in passage.highlights]
    return highlights or [passage.text[:300]]


def say_nothing_found(*, has_roots: bool) -> None:
    """Say that there is nothing, and why."""
    if has_roots:
        diagnostics.notice("nothing found")
    else:
        diagnostics.notice("no folder is indexed yet", hint="run `kb add FOLDER`")
