"""Questions from plain statements, without a model; pure.

A handful of forms in which files state facts in English, and one that knows no
language: a line of name and value. Whatever does not plainly have the form is
passed over, since a person has to read what comes out.
"""

import re
from collections.abc import Callable, Iterator

from assistant.evaluation.drafting.drafts import Draft
from assistant.words import content_words
from indexer.sentences import quotable_sentences
from indexer.types import Passage, Span
from indexer.words import STOP_WORDS

MADE_BY = "rule"

LONGEST_CHARS = 260
"""Longer sentences say too much at once."""

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = (
    rf"(?:\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}(?:, \d{{4}})?|{_MONTH} \d{{4}}"
    r"|\d{4}-\d{2}-\d{2}|(?:1\d|20)\d{2})"
)
_NUMBER = (
    r"(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|fifty"
    r"|a hundred)"
)
_WORD = r"[\w'’-]+"
_SUBJECT = (
    rf"(?P<subject>(?:The|My|Our) (?:{_WORD} ){{0,7}}?{_WORD}"
    rf"|[A-Z]{_WORD}(?: (?:[A-Z]{_WORD}|of|the|and|de|von|van|du)){{0,4}})"
)
_PARTICIPLE = (
    r"(?P<verb>[a-z]+ed|built|made|bought|sold|born|held|found|written|given|taken|shown|known|sent|set|won"
    r"|begun|drawn|grown|brought|taught|led|laid|kept|left|lost|paid|put|told)"
)
_PLACE_WORD = r"(?:in|on|at|under|behind|near|between|inside|above|below|beside|next to|opposite)"

_PRONOUNS_LISTED = (
    "it this that these those he she they we you i there here what which who one some many most all both "
    "each another other others such today however also then now if when while as although because since "
    "so and but or not no yes please note his her its their"
)
_PRONOUNS = frozenset(_PRONOUNS_LISTED.split())
_CLAUSE = re.compile(r"\b(?:that|which|who|whom|whose|when|where|because|if|while|and)\b")

_FIELD = re.compile(
    r"(?:\*\*|__)?(?P<key>[^\W\d_][\w '’/-]{1,40}?)(?:\*\*|__)?\s*[:：](?:\*\*|__)?"
    r"\s+(?P<value>\S[^\n]{0,100})$"
)
_NOT_A_FIELD_LISTED = (
    "note notes warning tip example examples see source sources http https caution important hint info "
    "todo update figure table question answer summary edit ps re fwd"
)
_NOT_A_FIELD = frozenset(_NOT_A_FIELD_LISTED.split())
_IS = re.compile(rf"{_SUBJECT} (?P<verb>is|are|was|were) (?P<rest>\S.{{0,160}}?)[.!]$")
_NAMING = re.compile(r"(?:an? |the |one of |[A-Z0-9“\"‘`€$£]|\S*\d)")
_PLACING = re.compile(rf"{_PLACE_WORD} (?:the |an? |my |our |[A-Z])")
_WHEN = re.compile(
    rf"{_SUBJECT} (?P<aux>was|were) {_PARTICIPLE}(?P<middle>(?: {_WORD}){{0,6}}?)"
    rf" (?:in|on) (?P<date>{_DATE})\b"
)
_MANY = re.compile(
    rf"{_SUBJECT} (?P<verb>has|have|had|contains?|includes?|holds?|needs?|requires?) (?P<number>{_NUMBER})"
    r" (?P<noun>[a-z]+ ?[a-z]*s)\b"
)
_BY = re.compile(
    rf"{_SUBJECT} (?P<aux>was|were|is|are) {_PARTICIPLE} by (?P<name>[A-Z]{_WORD}(?: [A-Z]{_WORD}){{1,3}})"
)
_BASES = {"has": "have", "had": "have"}
_ROLES = re.compile(
    r"(?i)\b(?:landlord|owner|author|director|dentist|doctor|teacher|president|king|queen|founder|manager|editor"
    r"|contact|captain|chair|chairman|leader|mayor|minister|husband|wife|mother|father|sister|brother|son"
    r"|daughter|friend|writer|singer|actor|actress|winner|coach|poet|composer|painter|politician|scientist"
    r"|physicist|musician|player|journalist|lawyer|philosopher|novelist|artist|designer|engineer|architect)\b"
)


def draft_by_rules(passage: Passage) -> Iterator[Draft]:
    """Make every question that a passage gives by rule, in reading order."""
    for sentence in quotable_sentences(passage.text):
        # of what front matter holds most is for programs, and nobody asks it.
        if sentence.is_heading or sentence.is_metadata or sentence.end - sentence.start > LONGEST_CHARS:
            continue
        text = " ".join(passage.text[sentence.start : sentence.end].split())
        for rule in _RULES:
            if made := rule(text, passage):
                question, answer = made
                span = Span(start=sentence.start, end=sentence.end)
                yield Draft(question=question, answer=answer, passage=passage, span=span, made_by=MADE_BY)
                break


def subject_of(passage: Passage) -> str:
    """Return what a passage is about, in the words of its innermost heading or its title."""
    return passage.locator.headings[-1] if passage.locator.headings else passage.title


def _field(text: str, passage: Passage) -> tuple[str, str] | None:
    match = _FIELD.match(text)
    if not match or "://" in text:
        return None
    key, value = match["key"].strip(), match["value"].strip().strip("*_").rstrip(".")
    about = subject_of(passage)
    first = key.split()[0].casefold()
    if first in _NOT_A_FIELD or first in STOP_WORDS or len(key.split()) > 4 or len(value.split()) > 12:
        return None
    if not about or len(about.split()) > 8 or set(content_words(key)) <= set(content_words(about)):
        return None
    verb = "are" if key.endswith("s") and not key.endswith("ss") else "is"
    said = f"of {_quoted(about)}" if len(about.split()) < 3 else f"according to {_quoted(about)}"
    return f"What {verb} the {_lowered(key)}{' ' if said.startswith('of') else ', '}{said}?", value


def _when(text: str, passage: Passage) -> tuple[str, str] | None:
    match = _WHEN.match(text)
    if not match or not (subject := _subject(match["subject"])):
        return None
    return _asked(f"When {match['aux']} {subject} {match['verb']}{match['middle']}", subject, passage), match[
        "date"
    ]


def _by(text: str, passage: Passage) -> tuple[str, str] | None:
    match = _BY.match(text)
    if not match or not (subject := _subject(match["subject"])):
        return None
    return _asked(f"Who {match['aux']} {subject} {match['verb']} by", subject, passage), match["name"]


def _many(text: str, passage: Passage) -> tuple[str, str] | None:
    match = _MANY.match(text)
    if not match or not (subject := _subject(match["subject"])):
        return None
    verb = match["verb"]
    helping = "did" if verb == "had" else "does" if verb == "has" or verb.endswith("s") else "do"
    base = _BASES.get(verb, verb.removesuffix("s"))
    asked = _asked(f"How many {match['noun'].strip()} {helping} {subject} {base}", subject, passage)
    return asked, match["number"].rstrip(".,")


def _is(text: str, passage: Passage) -> tuple[str, str] | None:
    match = _IS.match(text)
    if not match or not (subject := _subject(match["subject"])):
        return None
    verb, rest = match["verb"], match["rest"]
    if _PLACING.match(rest):
        return _asked(f"Where {verb} {subject}", subject, passage), _clause(rest)
    if not _NAMING.match(rest):
        return None
    has_role = _ROLES.search(subject) or (re.match(r"an? ", rest) and _ROLES.search(rest[:60]))
    return _asked(f"{'Who' if has_role else 'What'} {verb} {subject}", subject, passage), _clause(rest)


_RULES: tuple[Callable[[str, Passage], tuple[str, str] | None], ...] = (_when, _by, _many, _is, _field)


def _subject(said: str) -> str:
    """Return a subject as it stands inside a question; empty for one that only points at something."""
    words = said.split()
    if words[0].casefold() in _PRONOUNS or _CLAUSE.search(said):
        return ""
    return _lowered(said) if words[0] in {"The", "My", "Our"} else said


def _asked(stem: str, subject: str, passage: Passage) -> str:
    """Close a question, naming the file's title where a single noun would fit any file."""
    title = passage.title or passage.path.stem
    is_bare = len(content_words(subject)) < 2 and not subject[0].isupper()
    if is_bare and title and not set(content_words(title)) <= set(content_words(stem)):
        return f"{stem}, according to {_quoted(title)}?"
    return f"{stem}?"


def _clause(rest: str) -> str:
    """Return a predicate up to the first thing that is said beside it."""
    return re.split(r"(?<=[^\d]), |; | – | \(|, (?=[^\d])| (?:which|who|where|because|although|but) ", rest)[
        0
    ].strip()


def _lowered(text: str) -> str:
    """Return text with a small first letter, unless its first word is no common word."""
    first = text.split(maxsplit=1)[0]
    return text if len(first) > 1 and not first[1:].islower() else text[:1].lower() + text[1:]


def _quoted(title: str) -> str:
    return f"“{title}”"
