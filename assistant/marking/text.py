"""An answer as a model writes it → the answer as it is shown, its marks made right; pure.

Sources get their numbers in the order in which the answer first uses them, and
what was shown is never changed: a mark is held back until it is whole and what
it stands for is known, and everything else is passed on at once. So the marks
are renumbered, repaired and added while the answer is being written, and every
sentence is judged as soon as it ends.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from assistant.citations import code_spans, has_open_code
from assistant.facts import figures
from assistant.marking.sentence import MAY_BE_MARK, Sentence, blanked, leading_marks
from assistant.support import BORNE, PLAIN, Evidence
from assistant.terminal import plain
from assistant.words import content_words
from indexer.sentences import split_sentences
from indexer.types import Passage, Span

LONGEST_CHARS = 1_000
"""What is longer is no sentence, and is passed on in parts of this length without being judged."""

_LEAST_PART = 0.15
"""Score below which one passage of several bears no part of a statement."""

_FENCE = re.compile(r"[ \t]*(```|~~~)")
_MAY_BE_FENCE = re.compile(r"[ \t]*[`~]{0,2}$")
_ITEM = re.compile(r"[ \t]*(?:(?:[-*+•]|\d{1,3}[.)]|>)[ \t]+)*")
_END_MARK = re.compile(r"[.!?…。！？]+$")
_TITLE = re.compile(r"[ \t]*(?:#{1,6}\s.*|\*\*[^*]+\*\*:?)$")
_TARGET = re.compile(r"\]\([^)\s]*\)")
_ABOUT_ITSELF = re.compile(
    r"(?i)^(?:sure|certainly|of course|here (?:is|are)|i hope|let me know|feel free"
    r"|i (?:could|can|do|did|am)\b"
    r"|i['’]m\b|hope this|thank)"
    r"|\b(?:passages?|documents?|files?|notes?|sources?|context)\b[^.]{0,40}\b(?:do(?:es)?n['’]?t|not|no)\b"
)
_FILLERS = frozenset(
    content_words(
        "yes no ok okay sure hello hi hey thanks thank welcome great good question right correct well course"
        " certainly glad happy help hope answer summary short conclusion overall however"
    )
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """The sentence that was just shown is borne by none of its passages."""


class MarkedText:
    """Takes the pieces of an answer and says what is to be shown.

    Args:
        passages: What the model was shown, numbered from 1 in this order.
        extra: Text that came with the question, which may be used without a mark.
        is_strict: Whether sentences that their passages do not bear are left out; then whole
            sentences are shown at once.
        is_judging: Whether sentences are to be borne by anything.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        *,
        extra: str = "",
        is_strict: bool = False,
        is_judging: bool = True,
    ) -> None:
        self._passages = passages
        self._evidence = Evidence(passages, extra)
        self._is_strict = is_strict
        self._is_judging = is_judging
        self._order: list[int] = []
        self._raw = ""
        """What came since the last sentence that is over."""

        self._fence = ""
        self._is_at_line_start = True
        self._is_line_blank = True
        self._is_row = self._is_heading = False
        """Whether the line is a row of a table, and whether the first one, which names its columns."""

        self._sentence = Sentence()
        self._before: tuple[int, ...] = ()
        self._pieces: list[str] = []
        self._length = 0
        self.unsupported: list[Span] = []
        """Sentences of `text` that no cited passage bears."""

        self.has_statements = False
        """Whether anything of the text is a statement, or code."""

        self.left_out = 0
        """Sentences that are not in the text because no cited passage bears them."""

    @property
    def text(self) -> str:
        """All that was to be shown so far."""
        return "".join(self._pieces)

    @property
    def cited(self) -> tuple[Passage, ...]:
        """The passages behind the numbers that are used so far."""
        return tuple(self._passages[number - 1] for number in self._order)

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The passages in the order of the numbers shown, and then those that were not cited."""
        numbers = [*self._order, *(n for n in range(1, len(self._passages) + 1) if n not in self._order)]
        return tuple(self._passages[number - 1] for number in numbers)

    def feed(self, piece: str) -> Iterator[str | Doubt]:
        """Take the next piece; what comes out is to be shown at once."""
        yield from _joined(self._take(piece))

    def close(self) -> Iterator[str | Doubt]:
        """Take what is left; nothing follows."""
        yield from _joined(self._advance(is_last=True))

    # -- sentence by sentence

    def _take(self, piece: str) -> Iterator[str | Doubt]:
        # in parts, so that a very long piece costs no more than many short ones.
        for at in range(0, len(piece), LONGEST_CHARS):
            self._raw += piece[at : at + LONGEST_CHARS]
            yield from self._advance(is_last=False)

    def _advance(self, *, is_last: bool) -> Iterator[str | Doubt]:
        while self._raw:
            lead = leading_marks(self._raw) if self._is_at_line_start and not self._fence else 0
            if self._fence or (self._is_at_line_start and _FENCE.match(self._raw, lead)):
                # marks before a fence name nothing: what they stand behind is on the lines before.
                line, newline, rest = self._raw[lead:].partition("\n")
                if not newline and not is_last and len(line) < LONGEST_CHARS:
                    return
                if self._is_at_line_start:
                    self._note_fence(line)
                self._is_at_line_start = bool(newline)
                self._raw = rest
                yield from self._show(line + newline)
                continue
            if self._is_at_line_start and not is_last and _MAY_BE_FENCE.match(self._raw, lead):
                return
            end = self._sentence_end(is_last=is_last)
            if end is None:
                if not self._is_strict:
                    yield from self._show(
                        self._render(self._sentence.take(self._raw, self._choose, is_whole=False))
                    )
                return
            whole, self._raw = self._raw[:end], self._raw[end:]
            yield from self._finish(whole)
            # of the text that is shown: what stood before on the line may have been left out.
            self._is_at_line_start = self._is_line_blank
            self._sentence = Sentence()

    def _note_fence(self, line: str) -> None:
        opened = _FENCE.match(line)
        if not self._fence:
            self._fence = opened[1] if opened else ""
            self.has_statements = True
        elif opened and opened[1] == self._fence:
            self._fence = ""

    def _sentence_end(self, *, is_last: bool) -> int | None:
        """Return where the first sentence ends, with what stands behind it; `None` if unknown."""
        newline = self._raw.find("\n", 0, LONGEST_CHARS)
        if newline < 0 and len(self._raw) >= LONGEST_CHARS:
            return LONGEST_CHARS
        line = self._raw if newline < 0 else self._raw[:newline]
        is_whole = newline >= 0 or is_last
        code = code_spans(line, is_in_line=True)
        for following in [one.start for one in split_sentences(blanked(line))[1:]]:
            if any(start < following < end for start, end in code):
                continue
            if not is_whole and (MAY_BE_MARK.match(line, following) or has_open_code(line[:following])):
                return None
            return following
        if newline >= 0:
            return newline + 1
        return len(self._raw) if is_last else None

    def _finish(self, whole: str) -> Iterator[str | Doubt]:
        body = whole.rstrip()
        if self._is_at_line_start:
            was_row, self._is_row = self._is_row, body.lstrip().startswith("|")
            self._is_heading = self._is_row and not was_row
        parts = self._sentence.take(whole, self._choose, is_whole=True)
        # what follows the last mark, of which the white space belongs to no sentence.
        rest = self._sentence.rest(whole)
        tail = rest.rstrip()
        white = rest[len(tail) :]
        is_judged = self._is_judging and len(whole) < LONGEST_CHARS and not self._is_heading
        statement = _bare(body) if is_judged else ""
        is_borne = True
        if self._is_statement(statement, is_cited=bool(self._sentence.cited)):
            is_borne, added = self._judge(statement)
            if added is not None and not self._is_row:
                match = _END_MARK.search(tail)
                at = match.start() if match else len(tail)
                parts += [tail[:at] + " ", (added,)]
                tail = tail[at:]
            self.has_statements |= is_borne or not self._is_strict
        if not is_borne and self._is_strict:
            self.left_out += 1
            # the line that a dropped sentence ended ends all the same.
            if "\n" in white and self._pieces and not self._pieces[-1].endswith("\n"):
                yield from self._show(white)
            return
        self._before = tuple(self._sentence.cited)
        if not is_borne and self._is_row and tail.endswith("|"):
            # what stands behind the last bar of a row belongs to no column.
            tail, white = tail[:-1].rstrip(), f" |{white}"
        yield from self._show(self._render([*parts, tail]))
        if not is_borne:
            lead = _ITEM.match(self._sentence.shown)
            start = self._length - len(self._sentence.shown) + (lead.end() if lead else 0)
            self.unsupported.append(Span(start=start, end=self._length))
            yield Doubt()
        yield from self._show(white)

    def _judge(self, statement: str) -> tuple[bool, int | None]:
        """Tell whether a sentence is borne, and by which passage if it has no mark and needs one."""
        if self._evidence.extra_score(statement) >= BORNE:
            return True, None
        cited = self._sentence.cited
        if cited:
            return self._evidence.score(statement, cited) >= BORNE, None
        scores = self._evidence.scores(statement)
        if not scores:
            return False, None
        best = max(range(len(scores)), key=scores.__getitem__)
        if scores[best] >= PLAIN:
            cited.append(best + 1)
            return True, best + 1
        for number in self._before:
            if scores[number - 1] >= BORNE:
                # what goes on from the sentence before rests on the same passage.
                cited.append(number)
                return True, number
        return scores[best] >= BORNE, None

    @staticmethod
    def _is_statement(statement: str, *, is_cited: bool) -> bool:
        """Tell whether a sentence says something that files can bear or not."""
        if _TITLE.match(statement) or statement.endswith((":", "?")) or _ABOUT_ITSELF.search(statement):
            return False
        said = [word for word in content_words(statement) if word not in _FILLERS]
        return len(said) > 1 or (bool(said) and (is_cited or bool(figures(statement))))

    # -- marks

    def _choose(self, statement: str, numbers: Sequence[int]) -> tuple[int, ...]:
        """Choose what a mark is to name.

        Passages that bear the statement stay; where those named do not, the one that plainly
        does takes their place; where none does, they stay, and the sentence is doubted.

        Args:
            statement: What the mark stands behind; empty where that is not known yet.
            numbers: What the model wrote.
        """
        given = [number for number in numbers if 1 <= number <= len(self._passages)]
        if not content_words(statement):
            return tuple(given)
        scores = self._evidence.scores(statement)
        if given and self._evidence.score(statement, given) >= BORNE:
            return tuple(n for n in given if scores[n - 1] >= _LEAST_PART) or tuple(given)
        best = max(range(len(scores)), key=scores.__getitem__, default=None)
        if best is not None and scores[best] >= PLAIN and self._evidence.extra_score(statement) < BORNE:
            return (best + 1,)
        return tuple(given)

    def _render(self, parts: Sequence[str | tuple[int, ...]]) -> str:
        """Write parts out, marks with the numbers that are shown."""
        return "".join(
            part if isinstance(part, str) else "".join(f"[{self._shown(number)}]" for number in part)
            for part in parts
        )

    def _shown(self, number: int) -> int:
        if number not in self._order:
            self._order.append(number)
        return self._order.index(number) + 1

    def _show(self, text: str) -> Iterator[str]:
        if not self._pieces:
            text = text.lstrip()
        if text:
            self._sentence.shown += text
            self._pieces.append(text)
            self._length += len(text)
            _, newline, line = text.rpartition("\n")
            self._is_line_blank = not line.strip(" \t") and (bool(newline) or self._is_line_blank)
            yield text


def _joined(shown: Iterator[str | Doubt]) -> Iterator[str | Doubt]:
    """Put together what is shown between two doubts."""
    for is_text, group in groupby(shown, key=lambda one: isinstance(one, str)):
        if is_text:
            yield "".join(map(str, group))
        else:
            yield from group


def _bare(text: str) -> str:
    """Return a sentence without marks, targets of links and the signs of a list before it."""
    bare = _TARGET.sub("]", plain(blanked(text)))
    match = _ITEM.match(bare)
    return bare[match.end() if match else 0 :].strip()
