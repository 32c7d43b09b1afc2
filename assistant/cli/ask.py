"""`kb ask`: draws the events of one answer."""

import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import groupby

import click

from assistant.answering import answer
from assistant.cli import diagnostics, freshness, generators, options, output, search
from assistant.cli.diagnostics import Exit, Interrupted, StatusLine
from assistant.cli.group import Command
from assistant.config import Settings
from assistant.terminal import PlainStream
from assistant.types import (
    Answer,
    AnswerEvent,
    AnswerFinished,
    AnswerText,
    Citation,
    Notice,
    PassagesFound,
    Retracted,
    Thinking,
)
from indexer.client import IndexerClient, connect
from indexer.config import load_settings
from indexer.errors import UsageError
from indexer.paths import Places

STOPPED = "stopped; the answer is not complete"


@click.command(cls=Command)
@click.argument("question", nargs=-1)
@click.option(
    "-n", "--passages", type=click.IntRange(1, 50), help="Passages to read.  [default: from the config]"
)
@options.within_option
@options.fresh_option
@click.option("--model", metavar="NAME", help="Answer with this GGUF, by name or path.")
@click.option("--no-model", is_flag=True, help="Answer in the files' own words.")
@options.json_option("one object")
def ask(
    question: tuple[str, ...],
    passages: int | None,
    within: tuple[str, ...],
    model: str | None,
    *,
    fresh: bool,
    no_model: bool,
    as_json: bool,
) -> Exit:
    """Answer QUESTION from your files, with the places that say so.

    Without QUESTION it is read from standard input. With QUESTION, piped text
    is read along with it:

    \b
        cat mail.txt | kb ask "what do they want?"

    Without a model the answer is made of your files' own sentences.
    """  # noqa: D301 - click reads the control character
    if model is not None and no_model:
        raise UsageError("--model and --no-model exclude each other")
    if model is not None and not model.strip():
        raise UsageError("--model needs the name or the path of a GGUF", hint="`kb models` lists them")
    places = Places.discover()
    settings = load_settings(places.config_file, Settings)
    text, extra = options.question_and_extra(question)
    under = options.existing_paths(within)
    answer_settings = settings.answer
    if passages is not None:
        answer_settings = answer_settings.model_copy(update={"passages": passages})
    with StatusLine() as line:
        line.show("searching…")
        client = connect(places)
        if fresh:
            freshness.wait_until_fresh(client, under, line)
        has_model = not no_model and (model is not None or generators.has_generator(settings))
        generator = (
            generators.open_generator(places, settings, model=model, say=line.show) if has_model else None
        )
        events = answer(
            text, searcher=client, generator=generator, settings=answer_settings, extra=extra, under=under
        )
        finished = _Drawing(client, line, is_text=not as_json).run(events)
    if as_json:
        output.write_json(finished.to_json())
    if finished.answered:
        if not (has_model or no_model):
            diagnostics.notice(
                "no model is set, so the answer is in your files' own words",
                hint=f"to add one, put the path of a .gguf file under [model] path in {places.config_file}",
            )
        return Exit.ANSWERED
    if not finished.passages and not client.roots():
        search.say_nothing_found(has_roots=False)
    elif not as_json:
        _say_not_found(finished)
    return Exit.NOTHING_FOUND


class _Drawing:
    """Shows the events of one answer as they come; with `--json` only what belongs on stderr."""

    def __init__(self, client: IndexerClient, line: StatusLine, *, is_text: bool) -> None:
        self._client = client
        self._line = line
        self._is_text = is_text
        self._stream = PlainStream()
        self._is_begun = False

    def run(self, events: Generator[AnswerEvent, None, None]) -> Answer:
        """Show every event and return the answer they end with."""
        try:
            # closing it stops the model, whatever ends this loop.
            with closing(events):
                for event in events:
                    if isinstance(event, AnswerFinished):
                        self._finish(event.answer)
                        return event.answer
                    self._show(event)
        except KeyboardInterrupt:
            self._break_off()
            raise Interrupted(STOPPED) from None
        raise AssertionError("an answer ends with AnswerFinished")

    def _show(self, event: AnswerEvent) -> None:
        match event:
            case PassagesFound(passages, as_of, pending):
                self._line.wipe()
                freshness.mention_freshness(self._client, as_of, pending)
                self._line.show(f"reading {len(passages)} passage{'' if len(passages) == 1 else 's'}…")
            case Thinking():
                self._line.show("thinking…")
            case Notice(text):
                self._line.wipe()
                diagnostics.notice(text)
            case AnswerText(text) if self._is_text:
                self._line.wipe()
                output.write_piece(self._stream.feed(text))
                self._is_begun = True
            case Retracted() if self._is_begun:
                self._break_off()
                diagnostics.notice("what stands above was the model thinking; the answer follows")
            case _:
                pass

    def _finish(self, answer: Answer) -> None:
        self._line.wipe()
        if self._is_begun:
            output.write_piece(self._stream.close())
            output.write_line()
        if self._is_text:
            _write_sources(answer.citations)

    def _break_off(self) -> None:
        self._line.wipe()
        if self._is_begun:
            output.write_line()
        self._stream = PlainStream()
        self._is_begun = False


def _write_sources(citations: Sequence[Citation]) -> None:
    """List what the marks stand for: a line per number, with every place it was used for."""
    if citations:
        output.write_line()
    for number, group in groupby(citations, key=lambda citation: citation.n):
        cited = list(group)
        passage = cited[0].passage
        wheres = dict.fromkeys(where for one in cited if (where := one.locator.describe()))
        output.write_styled(
            output.bold(f"[{number}]"), " ", output.place(passage.path, passage.short_path, "; ".join(wheres))
        )


def _say_not_found(finished: Answer) -> None:
    is_short = diagnostics.is_terminal(sys.stderr.fileno())
    diagnostics.notice("not in your files" + ("; nearest:" if finished.passages else ""))
    for number, passage in enumerate(finished.passages, start=1):
        path = passage.short_path if is_short else passage.path
        where = passage.locator.describe()
        diagnostics.detail(f"[{number}] {path}" + (f", {where}" if where else ""))
        diagnostics.detail(search.best_sentences(passage)[0], indent=4)
