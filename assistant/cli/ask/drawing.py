"""Draws the events of one answer as they come."""

import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import groupby

from assistant.cli import diagnostics, freshness, output, search
from assistant.cli.diagnostics import Interrupted, StatusLine
from assistant.terminal import PlainStream
from assistant.types import (
    DOUBT_SIGN,
    Answer,
    AnswerEvent,
    AnswerFinished,
    AnswerText,
    Citation,
    Doubted,
    ModelLoading,
    ModelReady,
    Notice,
    PassagesFound,
    Retracted,
    Step,
    Thinking,
    Understood,
    Waiting,
)
from indexer.client import IndexerClient

STOPPED = "stopped; the answer is not complete"


class Drawing:
    """Shows the events of one answer as they come; with `--json` only what belongs on stderr."""

    def __init__(
        self,
        client: IndexerClient,
        line: StatusLine,
        *,
        is_text: bool,
        shows_thinking: bool,
        shows_rewriting: bool,
    ) -> None:
        self._client = client
        self._line = line
        self._is_text = is_text
        # whoever sits there wants to know; a script asks for it.
        self._shows_rewriting = shows_rewriting or (is_text and line.is_visible)
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
            case Understood(question, _, remarks, is_rewritten):
                self._line.wipe()
                if is_rewritten and self._shows_rewriting:
                    diagnostics.notice(f"searched for: {question}")
                for remark in remarks:
                    diagnostics.notice(remark)
            case Step(text, done, total, is_kept):
                self._show_step(text, f" {done}/{total}" if total else "…", is_kept=is_kept)
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
            case Doubted() if self._is_text:
                output.write_piece(self._stream.feed(f" {DOUBT_SIGN}"))
            case Retracted() if self._is_begun:
                self._break_off()
                diagnostics.notice("what stands above was the model thinking; the answer follows")
            case _:
                pass

    def _show_step(self, text: str, progress: str, *, is_kept: bool) -> None:
        self._end_thought()
        if is_kept:
            self._line.wipe()
            diagnostics.notice(text)
        else:
            self._reading = f"{text}{progress}"
            self._show_state(self._reading)

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
        if self._is_text and answer.is_own_knowledge:
            output.write_line()
            output.write_line("(the model's own knowledge, not from your files)")
        if self._is_text and answer.unsupported:
            diagnostics.notice(
                f"{DOUBT_SIGN} marks what the passages do not say; see for yourself, or ask with --strict"
            )

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


def say_not_found(finished: Answer) -> None:
    """Say that the files do not say, and what comes nearest."""
    is_short = diagnostics.is_terminal(sys.stderr.fileno())
    diagnostics.notice("not in your files" + ("; nearest:" if finished.passages else ""))
    for number, passage in enumerate(finished.passages, start=1):
        path = passage.short_path if is_short else passage.path
        where = passage.locator.describe()
        diagnostics.detail(f"[{number}] {path}" + (f", {where}" if where else ""))
        diagnostics.detail(search.best_sentences(passage)[0], indent=4)
