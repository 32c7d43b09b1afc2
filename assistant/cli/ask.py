"""`kb ask`: draws the events of one answer."""

import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import groupby

import click

from assistant.answering import answer
from assistant.cli import diagnostics, freshness, generators, options, output, search
from assistant.cli.completion import complete_model
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
    ModelLoading,
    ModelReady,
    Notice,
    PassagesFound,
    Retracted,
    Thinking,
    Waiting,
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
@click.option(
    "--model", metavar="NAME", shell_complete=complete_model, help="Answer with this GGUF, by name or path."
)
@click.option("--no-model", is_flag=True, help="Answer in the files' own words.")
@click.option(
    "--thinking",
    type=click.Choice(["auto", "on", "off"]),
    help="Whether the model thinks first, where it can.  [default: from the config]",
)
@click.option("--show-thinking", is_flag=True, help="Show its thoughts on stderr.")
@options.json_option("one object")
def ask(
    question: tuple[str, ...],
    passages: int | None,
    within: tuple[str, ...],
    model: str | None,
    thinking: str | None,
    *,
    fresh: bool,
    no_model: bool,
    show_thinking: bool,
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
    given = {"passages": passages, "thinking": thinking}
    answer_settings = settings.answer.model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    with StatusLine() as line:
        line.show("searching…")
        client = connect(places)
        if fresh:
            freshness.wait_until_fresh(client, under, line)
        has_model = not no_model and (model is not None or generators.has_generator(settings))
        generator = (
            generators.open_generator(places, settings, model=model, say=line.show) if has_model else None
        )
        line.show("searching…")
        events = answer(
            text, searcher=client, generator=generator, settings=answer_settings, extra=extra, under=under
        )
        drawing = _Drawing(client, line, is_text=not as_json, shows_thinking=show_thinking)
        finished = drawing.run(events)
    if as_json:
        output.write_json(finished.to_json())
    if finished.answered:
        if not (has_model or no_model):
            diagnostics.notice(
                "no model is set, so the answer is in your files' own words",
                hint="`kb models` lists those on this machine, `kb models use NAME` takes one of them",
            )
        return Exit.ANSWERED
    if not finished.passages and not client.roots():
        search.say_nothing_found(has_roots=False)
    elif not as_json:
        _say_not_found(finished)
    return Exit.NOTHING_FOUND


class _Drawing:
    """Shows the events of one answer as they come; with `--json` only what belongs on stderr."""

    def __init__(
        self, client: IndexerClient, line: StatusLine, *, is_text: bool, shows_thinking: bool
    ) -> None:
        self._client = client
        self._line = line
        self._is_text = is_text
        self._reading = ""
        self._placement = ""
        self._thoughts = PlainStream() if shows_thinking else None
        self._is_thinking = False
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
                self._reading = f"reading {len(passages)} passage{'' if len(passages) == 1 else 's'}…"
                self._line.show(self._reading)
            case ModelLoading() | ModelReady() | Waiting():
                self._show_progress(event)
            case Thinking(text):
                self._show_thought(text)
            case Notice(text):
                self._end_thought()
                self._line.wipe()
                diagnostics.notice(text)
            case AnswerText(text) if self._is_text:
                self._end_thought()
                self._line.wipe()
                output.write_piece(self._stream.feed(text))
                self._is_begun = True
            case Retracted() if self._is_begun:
                self._break_off()
                diagnostics.notice("what stands above was the model thinking; the answer follows")
            case _:
                pass

    def _show_progress(self, event: ModelLoading | ModelReady | Waiting) -> None:
        """Say what goes on before the model writes anything, and where it stands, on the status line."""
        match event:
            case ModelLoading(model, share):
                self._line.show(f"loading {model} {share:.0%}")
            case ModelReady(status):
                # deferred: only a model stands anywhere.
                from assistant.engine.fit import describe_placement

                self._placement = describe_placement(status)
                self._show_state(self._reading)
            case Waiting(queued, _) if queued:
                answers = "answer" if queued == 1 else "answers"
                self._show_state(f"waiting: {queued} {answers} before yours")
            case Waiting(_, read_share):
                self._show_state(f"reading {read_share:.0%}" if read_share else self._reading)

    def _show_state(self, text: str) -> None:
        self._line.show(f"{text} · {self._placement}" if self._placement else text)

    def _show_thought(self, text: str) -> None:
        if self._thoughts is None:
            self._show_state("thinking…")
        else:
            self._line.wipe()
            diagnostics.aside(self._thoughts.feed(text))
            self._is_thinking = True

    def _end_thought(self) -> None:
        if self._is_thinking and self._thoughts is not None:
            diagnostics.aside(self._thoughts.close() + "\n\n")
            self._thoughts = PlainStream()
            self._is_thinking = False

    def _finish(self, answer: Answer) -> None:
        self._end_thought()
        self._line.wipe()
        if self._is_begun:
            output.write_piece(self._stream.close())
            output.write_line()
        if self._is_text:
            _write_sources(answer.citations)

    def _break_off(self) -> None:
        self._end_thought()
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
