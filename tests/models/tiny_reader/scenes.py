"""Made-up passages with facts, and questions that the passages do or do not answer.

A scene is drawn as a grid of things and what may be told of them; only some of
its cells are told. The empty cells are the hard questions without an answer:
the thing occurs, the attribute occurs, together they do not.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.prompting import build_messages
from indexer.types import Locator, Passage
from tests.models.tiny_reader import words
from tests.models.tiny_reader.facts import (
    Fact,
    Marked,
    Material,
    Question,
    Subject,
    ask,
    capitalize,
    draw_attribute,
    draw_entity,
    draw_plain,
    phrase,
)
from tests.models.tiny_reader.filler import write_filler

ROOT = Path("/home/reader/notes")


@dataclass(frozen=True, slots=True)
class Scene:
    """Passages, as the prompt shows them, and questions about them."""

    passages: tuple[Passage, ...]
    context: str
    """The user message up to the question."""

    facts: tuple[Fact, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """How big a scene is and what it contains."""

    passages: tuple[int, int] = (1, 2)
    facts: tuple[int, int] = (1, 3)
    """Facts in a passage, at most."""

    filler: float = 0.1
    """Chance of a sentence that tells no fact, before each fact."""

    bullets: float = 0.15
    """Share of passages that are lists under the name of a thing."""

    absent: float = 0.34
    """Share of questions without an answer."""

    paragraphs: float = 0.0
    """Share of passages whose sentences stand in paragraphs of their own."""

    lone: float = 0.0
    """Chance, for each fact, of one more about an attribute of nothing: "The dentist is …"."""

    odd: float = 0.0
    """Share of attributes whose names are spelled at random."""

    wide: float = 0.0
    """Share of attributes, and half the share of things, that have any name of one to three words."""

    questions: int = 6
    unseen: bool = False
    """Whether words are those that only the evaluation uses."""


_LEADS = (
    "By the way, ",
    "Note: ",
    "As far as I know, ",
    "From now on, ",
    "Since May, ",
    "Remember that ",
    "Also, ",
)


@dataclass(slots=True)
class _Draft:
    """The text of one passage while it grows, with the facts told so far."""

    text: str = ""
    told: list[tuple[Fact, Marked, tuple[int, int]]] = field(default_factory=list)

    def tell(self, rng: random.Random, fact: Fact) -> None:
        marked = phrase(rng, fact.subject)
        # where no value can follow a colon ("on 4 May"), only a sentence will do
        is_line = rng.random() < 0.15 and fact.kind not in ("place", "when")
        lead = rng.choice(_LEADS) if rng.random() < 0.08 else ""
        self.text += lead
        start = len(self.text)
        self.text += (marked.text if lead else capitalize(marked.text)) + (":" if is_line else " is")
        value = (len(self.text), len(self.text) + 1 + len(fact.value))
        self.text += f" {fact.value}" + ("" if is_line else ".")
        self.told.append((fact, marked.shifted(start), value))

    def tell_in_list(self, fact: Fact, heading: tuple[int, int], mark: str) -> None:
        start = len(self.text) + len(mark)
        name = fact.subject.attribute
        self.text += f"{mark}{capitalize(name)}:"
        value = (len(self.text), len(self.text) + 1 + len(fact.value))
        self.text += f" {fact.value}\n"
        self.told.append((fact, Marked("", (start, start + len(name)), heading), value))


def _locator(rng: random.Random, headings: tuple[str, ...]) -> Locator:
    if rng.random() < 0.1:
        return Locator(page_start=rng.randint(1, 60), headings=headings)
    first = rng.choice((1, 1, 3, rng.randint(1, 90)))
    return Locator(line_start=first, line_end=first + rng.randint(0, 12), headings=headings)


def _write_passage(
    rng: random.Random, facts: Sequence[Fact], material: Material, difficulty: Difficulty
) -> tuple[_Draft, Passage]:
    draft = _Draft()
    unseen = difficulty.unseen
    topic = rng.choice(material.entities).removeprefix("the ")
    if facts and rng.random() < 0.6:
        topic = facts[0].subject.entity.removeprefix("the ")
    title = capitalize(topic) if rng.random() < 0.8 else capitalize(words.spelled(rng))
    same = {fact.subject.entity for fact in facts}
    in_list = len(same) == 1 and all(f.subject.attribute for f in facts) and rng.random() < difficulty.bullets
    if in_list:
        title = capitalize(facts[0].subject.entity.removeprefix("the "))
    if in_list or rng.random() < 0.4:
        mark = rng.choice(("# ", "# ", "## "))
        draft.text = f"{mark}{title}\n\n"
        heading = (len(mark), len(mark) + len(title))
    else:
        heading = (0, 0)
    bullet, gap = rng.choice(("- ", "- ", "* ", "")), rng.choice((" ", " ", "\n"))
    if difficulty.paragraphs > 0 and rng.random() < difficulty.paragraphs:
        gap = "\n\n"
    for fact in facts:
        if in_list:
            draft.tell_in_list(fact, heading, bullet)
            continue
        if rng.random() < difficulty.filler:
            draft.text += write_filler(rng, material, unseen=unseen) + gap
        draft.tell(rng, fact)
        draft.text += "\n" if not draft.text.endswith(".") else gap
    if not facts or (not in_list and rng.random() < difficulty.filler):
        draft.text += write_filler(rng, material, unseen=unseen)
    draft.text = draft.text.rstrip()
    headings: tuple[str, ...] = (title,) if heading != (0, 0) or rng.random() < 0.5 else ()
    if headings and rng.random() < 0.2:
        headings = (words.spelled(rng).capitalize(), *headings)
    folder = rng.choice(("", "", f"{words.common_or_spelled(rng, words.THINGS)}/"))
    name = f"{folder}{title.lower().replace(' ', '-')}{rng.choice(('.md', '.md', '.md', '.txt', '.pdf'))}"
    passage = Passage(
        chunk_id=0, path=ROOT / name, root=ROOT, title=title, text=draft.text,
        locator=_locator(rng, headings), score=1.0, similarity=1.0, lexical=1.0,
    )  # fmt: skip
    return draft, passage


def _draw_facts(rng: random.Random, material: Material, count: int, difficulty: Difficulty) -> list[Fact]:
    unseen = difficulty.unseen
    grid = [(entity, kind, name) for entity in material.entities for kind, name in material.attributes]
    rng.shuffle(grid)
    cells = grid[: max(1, min(count, len(grid) * 2 // 3))]
    facts = [Fact(Subject(entity, name), kind, words.VALUES[kind](rng)) for entity, kind, name in cells]
    for _ in range(count):
        if rng.random() < 0.2:
            subject, kind = draw_plain(rng, unseen=unseen)
            value = words.place(rng) if kind == "place" else words.when(rng)
            facts.append(Fact(subject, kind, value))
        if difficulty.lone > 0 and rng.random() < difficulty.lone:
            kind, name = draw_attribute(rng, unseen=unseen)
            if all(name not in other for _, other in material.attributes):
                facts.append(Fact(Subject(f"the {name}"), kind, words.VALUES[kind](rng)))
    rng.shuffle(facts)
    return list({fact.subject: fact for fact in facts}.values())


def _absent_subject(
    rng: random.Random, material: Material, facts: Sequence[Fact], *, unseen: bool
) -> tuple[Subject, str]:
    told = {fact.subject for fact in facts}
    if rng.random() < 0.15:
        subject, kind = draw_plain(rng, unseen=unseen)
    elif rng.random() < 0.8:
        kind, name = rng.choice(material.attributes)
        subject = Subject(rng.choice(material.entities), name)
    elif rng.random() < 0.5:
        kind, name = draw_attribute(rng, unseen=unseen)
        subject = Subject(rng.choice(material.entities), name)
    else:
        kind, name = rng.choice(material.attributes)
        subject = Subject(draw_entity(rng, unseen=unseen), name)
    return (subject, kind) if subject not in told else _absent_subject(rng, material, facts, unseen=unseen)


def draw_scene(rng: random.Random, difficulty: Difficulty) -> Scene:
    """Draw passages of made-up facts and questions about them."""
    unseen = difficulty.unseen
    count = rng.randint(*difficulty.passages)
    sizes = [rng.randint(*difficulty.facts) for _ in range(count)]
    material = Material()
    wanted = rng.randint(1, 2 + count)
    while len(material.entities) < wanted:
        entity = draw_entity(rng, unseen=unseen, wide=difficulty.wide / 2)
        # one name within the other would make the question ambiguous
        if not any(entity in other or other in entity for other in material.entities):
            material.entities.append(entity)
    material.attributes = sorted(
        {
            draw_attribute(rng, unseen=unseen, odd=difficulty.odd, wide=difficulty.wide)
            for _ in range(rng.randint(2, 3 + count))
        }
    )
    facts = _draw_facts(rng, material, sum(sizes), difficulty)
    if rng.random() < 0.5:
        facts.sort(key=lambda fact: fact.subject.entity)
    drafts: list[_Draft] = []
    passages: list[Passage] = []
    for size in sizes:
        taken, facts = facts[:size], facts[size:]
        draft, passage = _write_passage(rng, taken, material, difficulty)
        drafts.append(draft)
        passages.append(passage)
    context = str(build_messages("?", passages)[1].content).removesuffix("Question: ?")
    told: list[Fact] = []
    cursor = 0
    for number, draft in enumerate(drafts, start=1):
        cursor = context.index("<passage>", cursor)
        cursor = context.index(f"\n{draft.text}\n</passage>", cursor) + 1
        for fact, marked, value in draft.told:
            fact.number, fact.marked = number, marked.shifted(cursor)
            fact.value_span = (value[0] + cursor, value[1] + cursor)
            told.append(fact)
        cursor += len(draft.text)
    questions: list[Question] = []
    asked = rng.sample(told, len(told))
    for _ in range(difficulty.questions):
        if told and rng.random() >= difficulty.absent:
            fact = asked[len(questions) % len(asked)]
            questions.append(ask(rng, fact.subject, fact.kind, fact))
        else:
            subject, kind = _absent_subject(rng, material, told, unseen=unseen)
            questions.append(ask(rng, subject, kind, None))
    return Scene(tuple(passages), context, tuple(told), tuple(questions))
