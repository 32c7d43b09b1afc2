"""Made-up facts, and questions about them, in plain words.

A fact is "The rent of the flat is 640 euros." or "The spare key is under the mat.";
the question repeats the subject, and so does the answer.
"""

import random
from dataclasses import dataclass, field

from assistant.prompting import NOT_FOUND
from tests.models.tiny_reader import words


@dataclass(frozen=True, slots=True)
class Subject:
    """What a fact tells about: an attribute of an entity, or an entity alone."""

    entity: str
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Marked:
    """A text and where the attribute and the entity stand in it, as half-open spans of characters."""

    text: str
    attribute: tuple[int, int]
    entity: tuple[int, int]

    def shifted(self, offset: int) -> "Marked":
        """Move the spans as if `offset` characters stood before the text."""
        return Marked(
            self.text,
            (self.attribute[0] + offset, self.attribute[1] + offset),
            (self.entity[0] + offset, self.entity[1] + offset),
        )


@dataclass(slots=True)
class Fact:
    """A subject, its value, and where a passage tells it."""

    subject: Subject
    kind: str
    value: str
    number: int = 0
    """Number of the passage, from 1."""

    marked: Marked | None = None
    """The spans of attribute and entity, in characters of the prompt."""

    value_span: tuple[int, int] = (0, 0)
    """The value, in characters of the prompt, with the space before it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the answer that is right, and the fact behind it."""

    marked: Marked
    answer: str
    fact: Fact | None
    subject_span: tuple[int, int]
    """What of the question the answer repeats, as characters of the question."""


@dataclass(slots=True)
class Material:
    """The things and attributes one scene draws from."""

    entities: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    """(kind of value, name)"""


def capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def draw_name(rng: random.Random) -> str:
    """Make a name of one to three words, some with a hyphen, some of no meaning."""
    known = words.THINGS + words.STUFF + words.PLACES + words.QUALITIES + words.EVENTS
    name = ""
    for i in range(rng.choice((1, 2, 2, 3, 3))):
        joint = rng.choice((" ", " ", " ", "-")) if i > 0 else ""
        name += joint + words.common_or_spelled(rng, known, 0.6)
    return name


def draw_entity(  # noqa: PLR0911 - one for each shape
    rng: random.Random, *, unseen: bool, wide: float = 0.0
) -> str:
    """Name a thing, a person, an undertaking or an event; `wide` is the chance of any name at all."""
    if wide > 0 and rng.random() < wide:
        return f"the {draw_name(rng)}"
    things = words.UNSEEN_THINGS if unseen else words.THINGS
    qualities = words.UNSEEN_QUALITIES if unseen else words.QUALITIES
    events = words.UNSEEN_EVENTS if unseen else words.EVENTS
    towns = words.UNSEEN_CITIES if unseen else words.CITIES
    thing = words.common_or_spelled(rng, things, 0.6)
    town = rng.choice(towns) if rng.random() < 0.5 else words.spelled(rng).capitalize()
    shape = rng.randrange(12)
    if shape <= 3:
        return f"the {thing}"
    if shape <= 5:
        return f"the {words.common_or_spelled(rng, qualities, 0.8)} {thing}"
    if shape <= 7:
        return draw_person(rng, unseen=unseen)
    if shape == 8:
        return f"project {words.spelled(rng).capitalize()}"
    if shape == 9:
        name = words.spelled(rng).capitalize()
        return f"the {name} {rng.choice(('project', 'account', 'team', 'house', thing))}"
    if shape == 10:
        return f"the {thing} in {town}"
    event = rng.choice(events)
    return f"the {event} {rng.choice((f'in {town}', f'with {draw_person(rng, unseen=unseen)}'))}"


def draw_person(rng: random.Random, *, unseen: bool) -> str:
    """Name a person by the first name, or both."""
    first = rng.choice(words.UNSEEN_FIRST_NAMES if unseen else words.FIRST_NAMES)
    last = rng.choice(words.UNSEEN_LAST_NAMES if unseen else words.LAST_NAMES)
    first = first if rng.random() < 0.6 else words.spelled(rng).capitalize()
    last = last if rng.random() < 0.5 else words.spelled(rng).capitalize()
    return first if rng.random() < 0.5 else f"{first} {last}"


def draw_attribute(
    rng: random.Random, *, unseen: bool, odd: float = 0.0, wide: float = 0.0
) -> tuple[str, str]:
    """Choose (kind of value, name) of what may be told of a thing.

    Args:
        rng: Where chance comes from.
        unseen: Whether to use the names of the evaluation.
        odd: Chance of a name spelled at random.
        wide: Chance of any name at all.
    """
    kind = rng.choice(list(words.ATTRIBUTES))
    if wide > 0 and rng.random() < wide:
        return kind, draw_name(rng)
    if odd > 0 and rng.random() < odd:
        return kind, " ".join(words.spelled(rng) for _ in range(rng.choice((1, 1, 2))))
    names = (words.UNSEEN_ATTRIBUTES if unseen else words.ATTRIBUTES)[kind]
    name = rng.choice(names)
    if rng.random() < 0.25:
        name = f"{words.spelled(rng)} {name.split()[-1]}"
    return kind, name


def draw_plain(rng: random.Random, *, unseen: bool) -> tuple[Subject, str]:
    """Choose something that is somewhere, or that happens at some time."""
    if rng.random() < 0.5:
        objects = words.UNSEEN_OBJECTS if unseen else words.OBJECTS
        name = words.common_or_spelled(rng, objects, 0.7)
        if rng.random() < 0.5:
            qualities = words.UNSEEN_QUALITIES if unseen else words.QUALITIES
            name = f"{words.common_or_spelled(rng, qualities, 0.7)} {name}"
        return Subject(f"the {name}"), "place"
    event = words.common_or_spelled(rng, words.UNSEEN_EVENTS if unseen else words.EVENTS, 0.8)
    extra = (
        f" with {draw_person(rng, unseen=unseen)}",
        f" in {words.spelled(rng).capitalize()}",
        "",
    )
    kindred = words.common_or_spelled(rng, words.UNSEEN_THINGS if unseen else words.THINGS, 0.6)
    name = f"{kindred} {event}" if rng.random() < 0.4 else event + rng.choice(extra)
    return Subject(f"the {name}"), "when"


def phrase(rng: random.Random, subject: Subject) -> Marked:
    """Put a subject in words: "the rent of the flat", "the flat's rent", "the spare key"."""
    entity, attribute = subject.entity, subject.attribute
    bare = entity.removeprefix("the ")
    if not attribute:
        start = len(entity) - len(bare)
        return Marked(entity, (start, len(entity)), (start, len(entity)))
    chance = rng.random()
    if chance < 0.35:
        text = f"{entity}'s {attribute}"
        return Marked(text, (len(text) - len(attribute), len(text)), (len(entity) - len(bare), len(entity)))
    text = f"the {attribute} {'of' if chance < 0.9 else 'for'} {entity}"
    return Marked(text, (4, 4 + len(attribute)), (len(text) - len(bare), len(text)))


_WH = {
    "person": "Who",
    "date": "When",
    "clock": "When",
    "when": "When",
    "address": "Where",
    "place": "Where",
    "amount": "How much",
}


def ask(rng: random.Random, subject: Subject, kind: str, fact: Fact | None) -> Question:
    """Ask for a subject's value."""
    wh = _WH.get(kind, "What")
    if kind not in ("person", "when", "place") and rng.random() < 0.5:
        wh = "What"
    marked = phrase(rng, subject)
    lead = f"{wh} is "
    answer = f"{capitalize(marked.text)} is {fact.value} [{fact.number}]." if fact else NOT_FOUND
    asked = marked.shifted(len(lead))
    span = (len(lead), len(lead) + len(marked.text))
    return Question(Marked(f"{lead}{marked.text}?", asked.attribute, asked.entity), answer, fact, span)
