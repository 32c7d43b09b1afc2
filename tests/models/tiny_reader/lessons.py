"""A scene as rows of numbers: tokens, what to predict, and where to look.

All questions of a scene share its passages: each is a branch that sees the
passages and itself only, at the positions it would have alone. So one pass over
the passages teaches many answers, and every branch is exactly one real prompt.

Beside the tokens to predict, a lesson names positions that certain attention
heads should look at (`Goals`): the generator knows where a fact stands, and to
be told so is learnt thousands of times faster than to find it out.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from tests.models.tiny_reader.facts import Question
from tests.models.tiny_reader.scenes import Difficulty, Scene, draw_scene

Ints = npt.NDArray[np.int64]
NOWHERE = -1
END_ID, USER_ID, ASSISTANT_ID = 0, 1, 2
DECISION, VALUE, ECHO = 4.0, 1.5, 0.5
"""Weights in the loss: the first token and the passage's number, the value, the repeated question."""


@dataclass(slots=True)
class Lesson:
    """One scene; all arrays have one entry per token. Positions in goals are indexes of the row."""

    ids: Ints
    branch: Ints
    """0 for the passages, then 1, 2, … for each question; -1 for padding."""

    position: Ints
    target: Ints
    """Next token, -1 where it is not taught."""

    weight: npt.NDArray[np.float32]
    answer: Ints
    """Number of the answer within the row that the target belongs to, or -1."""

    start_goal: Ints
    """Where the sentence or line began: its last separator."""

    number_goal: Ints
    """The digit in the head of the own passage."""

    fact_goal: Ints
    """For answers: the first token of the value asked for; 0 if there is none."""

    copy_goal: Ints
    """For answers: the token of the prompt that comes next."""

    attribute_label: Ints
    attribute_goal: Ints
    """All tokens with this `attribute_label` are to be looked at, alike."""

    entity_label: Ints
    entity_goal: Ints
    is_answered: list[bool]
    """For each answer, whether the passages have it."""


def _covered(offsets: Sequence[tuple[int, int]], span: tuple[int, int]) -> list[int]:
    """List the tokens that reach into a span of characters."""
    return [i for i, (start, end) in enumerate(offsets) if start < span[1] and end > span[0]]


class Teacher:
    """Turns scenes into lessons.

    Args:
        tokenizer: What `build_tokenizer` returns.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        vocabulary = tokenizer.get_vocab()
        self._newline, self._full_stop = vocabulary["Ċ"], vocabulary["."]
        self._digits = {vocabulary[digit] for digit in "0123456789"}

    def teach(self, scene: Scene) -> Lesson:
        """Write the lesson of one scene."""
        encoding = self._tokenizer.encode(scene.context)
        ids = [USER_ID, *encoding.ids]
        offsets = [(0, 0), *encoding.offsets]
        length = len(ids) + sum(48 + len(q.marked.text) + len(q.answer) for q in scene.questions)
        columns = {
            f.name: np.full(length, NOWHERE, np.int64)
            for f in fields(Lesson)
            if f.name not in ("weight", "is_answered")
        }
        lesson = Lesson(**columns, weight=np.zeros(length, np.float32), is_answered=[])
        count = len(ids)
        lesson.ids[:count] = ids
        lesson.branch[:count] = 0
        lesson.position[:count] = np.arange(count)
        self._mark_passages(lesson, scene, offsets)
        end = count
        for number, question in enumerate(scene.questions, start=1):
            end = self._add_branch(lesson, question, offsets, number=number, start=end, prefix=count)
        return Lesson(
            **{f.name: getattr(lesson, f.name)[:end] for f in fields(Lesson) if f.name != "is_answered"},
            is_answered=lesson.is_answered,
        )

    def _mark_passages(self, lesson: Lesson, scene: Scene, offsets: Sequence[tuple[int, int]]) -> None:
        separator = digit = NOWHERE
        ids, context = lesson.ids, scene.context
        for i, (start, end) in enumerate(offsets[1:], start=1):
            lesson.start_goal[i] = separator
            lesson.number_goal[i] = digit
            if context.startswith("\n[", start - 2) and ids[i] in self._digits:
                digit = i
            is_stop = ids[i] == self._full_stop and context[end : end + 1] in (" ", "\n")
            if is_stop or ids[i] == self._newline:
                separator = i
        for label, fact in enumerate(scene.facts):
            assert fact.marked is not None
            for span, labels, goals in (
                (fact.marked.attribute, lesson.attribute_label, lesson.attribute_goal),
                (fact.marked.entity, lesson.entity_label, lesson.entity_goal),
            ):
                covered = _covered(offsets, span)
                if covered and labels[covered[0]] == NOWHERE:
                    labels[covered] = label
                if covered:
                    goals[_covered(offsets, fact.value_span)] = labels[covered[0]]

    def _add_branch(
        self,
        lesson: Lesson,
        question: Question,
        offsets: Sequence[tuple[int, int]],
        *,
        number: int,
        start: int,
        prefix: int,
    ) -> int:
        lead = "Question: "
        asked = self._tokenizer.encode(lead + question.marked.text)
        answer = self._tokenizer.encode(question.answer)
        ids = [*asked.ids, ASSISTANT_ID, *answer.ids, END_ID]
        here = slice(start, start + len(ids))
        lesson.ids[here] = ids
        lesson.branch[here] = number
        lesson.position[here] = prefix + np.arange(len(ids))
        first = start + len(asked.ids)
        rows = slice(first, start + len(ids) - 1)
        lesson.target[rows] = ids[len(asked.ids) + 1 :]
        lesson.weight[rows] = VALUE
        lesson.weight[first] = DECISION
        lesson.answer[rows] = len(lesson.is_answered)
        lesson.is_answered.append(question.fact is not None)
        marked = question.marked.shifted(len(lead))
        for span, labels, goals in (
            (marked.attribute, lesson.attribute_label, lesson.attribute_goal),
            (marked.entity, lesson.entity_label, lesson.entity_goal),
        ):
            label = 1000 + number
            labels[[start + i for i in _covered(asked.offsets, span)]] = label
            goals[rows] = label
        lesson.fact_goal[rows] = 0
        if question.fact is None:
            return start + len(ids)
        value = _covered(offsets, question.fact.value_span)
        lesson.fact_goal[rows] = value[0]
        echoed = [
            start + i
            for i in _covered(
                asked.offsets, (len(lead) + question.subject_span[0], len(lead) + question.subject_span[1])
            )
        ]
        told = next(
            i
            for i in range(len(answer.ids))
            if answer.ids[i : i + len(value)] == [int(lesson.ids[v]) for v in value] and i >= len(echoed)
        )
        lesson.weight[first + 1 : first + told] = ECHO
        # an answer ends in " [n].", so the number is the third token before the last
        lesson.weight[start + len(ids) - 5] = DECISION
        if told == len(echoed) + 1:
            lesson.copy_goal[first : first + len(echoed)] = echoed
        lesson.copy_goal[first + told : first + told + len(value) + 1] = [*value, value[-1] + 1]
        return start + len(ids)


def pad(lessons: Sequence[Lesson]) -> Lesson:
    """Stack lessons into one whose arrays are (lessons, tokens)."""
    width = -(-max(len(lesson.ids) for lesson in lessons) // 32) * 32
    stacked: dict[str, npt.NDArray[np.int64]] = {}
    answers: list[bool] = []
    for column in fields(Lesson):
        if column.name == "is_answered":
            continue
        fill = 0 if column.name in ("ids", "position", "weight") else NOWHERE
        rows = [getattr(lesson, column.name) for lesson in lessons]
        stacked[column.name] = np.stack(
            [np.pad(row, (0, width - len(row)), constant_values=fill) for row in rows]
        )
    for row, lesson in enumerate(lessons):
        numbers = stacked["answer"][row]
        numbers[numbers >= 0] += len(answers)
        answers += lesson.is_answered
    return Lesson(**stacked, is_answered=answers)  # type: ignore[arg-type]


def draw_batch(teacher: Teacher, seed: str, difficulty: Difficulty, tokens: int, longest: int) -> Lesson:
    """Draw lessons of about `tokens` tokens together, none above `longest`; the same for the same seed.

    More are drawn than are used, so that those of a batch can be of like length
    and little is padded.
    """
    rng = random.Random(seed)
    pool: list[Lesson] = []
    while sum(len(lesson.ids) for lesson in pool) < 4 * tokens:
        lesson = teacher.teach(draw_scene(rng, difficulty))
        if len(lesson.ids) <= longest:
            pool.append(lesson)
    pool.sort(key=lambda lesson: -len(lesson.ids))
    batches: list[list[Lesson]] = [[]]
    for lesson in pool:
        if batches[-1] and len(batches[-1][0].ids) * (len(batches[-1]) + 1) > tokens:
            batches.append([])
        batches[-1].append(lesson)
    if len(batches[-1]) * len(batches[-1][0].ids) < tokens // 2:
        batches.pop()
    return pad(rng.choice(batches))
