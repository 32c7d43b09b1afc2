"""What kind of question it is: about one file, about the library, or any other; pure.

Only phrases are looked at. Whether there is a file of the name that a question seems to hold is
for the index to say, so a name may be guessed freely; what speaks of the library as such must
be plain, since any other question is better served by the passages that answer it.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Wish = Literal["overview", "list", "count"]
"""What is wanted of the library: what the files say, which files they are, or how many."""

_LONGEST_CHARS = 300
"""Whoever says more asks for something more particular than a file or a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutFile:
    """A question about one file, if there is one of these names."""

    names: tuple[str, ...] = ()
    """What may be the file's name, the likeliest first; none where "it" or "this" is spoken of."""

    called: str = ""
    """The first of the names without what stands around it ("my", "the note")."""

    topic: str = ""
    """What is asked of it; empty for a summary."""

    is_named: bool = False
    """Whether the names can hardly be anything but a file's."""

    @property
    def is_summary(self) -> bool:
        """Whether the file is asked for as a whole."""
        return not self.topic


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutLibrary:
    """A question about what there is, and not about what one passage says."""

    topic: str
    """What is looked for."""

    wish: Wish
    time: str = ""
    """When the files are from, as it was said ("last week", "since 2025"); empty for any time."""

    is_mention: bool = False
    """Whether the words themselves must stand in a file."""


def kind_of(question: str) -> AboutFile | AboutLibrary | None:
    """Tell which kind of question this is; `None` for one that passages answer.

    Args:
        question: As it stands by itself.
    """
    if len(question) > _LONGEST_CHARS:
        return None
    text = " ".join(question.replace("’", "'").split())
    return _about_library(text) or next(_about_file(text), None)


def _about_library(text: str) -> AboutLibrary | None:
    if not (_OPENING.match(text) and _phrase(_OF_FILES).search(text)):
        return None
    for wish, is_mention, phrase in _PHRASES:
        match = _whole(phrase, end=f"{_MINE}(,? please)?").match(text)
        if match and (topic := match["topic"].strip(" ,;:")):
            timed = _phrase(_TIMED).match(topic)
            return AboutLibrary(
                topic=timed["topic"] if timed else topic,
                wish=wish,
                time=timed["time"] if timed else "",
                is_mention=is_mention,
            )
    return None


def _about_file(text: str) -> Iterator[AboutFile]:
    """Yield what the question may ask of a file, the likeliest first."""
    if _whole(_SUMMARY_OF_IT, end=_BRIEFLY).match(text):
        yield AboutFile()
    if match := _whole(_SAYS, end="").match(text):
        yield _named(match["what"], topic=match["topic"])
    for phrase in _SUMMARIES:
        if match := _whole(phrase, end=_BRIEFLY).match(text):
            yield _named(match["what"])
    if not _ENDING.search(text):
        return
    if match := _phrase(_BEFORE).match(text):
        yield AboutFile(names=(match["file"],), called=match["file"], topic=match["topic"], is_named=True)
    if match := _phrase(_WITHIN).search(text):
        topic = _joined(text[: match.start()], text[match.end() :])
        if topic.strip("?!. "):
            yield AboutFile(names=(match["file"],), called=match["file"], topic=topic, is_named=True)
    if match := _phrase(_DOES).search(text):
        topic = _joined(text[: match.start()], text[match.end() :])
        yield AboutFile(names=(match["file"],), called=match["file"], topic=topic, is_named=True)


def _joined(before: str, behind: str) -> str:
    """Join what stands around a file's name."""
    return re.sub(r" +(?=[?!.])", "", f"{before} {behind}").strip(" ,;")


def _named(what: str, *, topic: str = "") -> AboutFile:
    """Return the names that "my plan note", "'Plan' of May" or "My plan.md" may hold."""
    if match := _QUOTED.search(what):
        return AboutFile(names=(match["inner"],), called=match["inner"], topic=topic, is_named=True)
    bare = _phrase(_BARE).match(what)
    called = bare["name"] if bare and bare["name"] else what
    names = [what, called]
    if match := _phrase(_FILE).search(what):
        # a name may hold spaces.
        names.append(match["file"])
    return AboutFile(
        names=tuple(dict.fromkeys(names)), called=called, topic=topic, is_named=match is not None
    )


_ENDINGS = (
    "md|markdown|txt|text|rst|org|adoc|tex|pdf|html?|xhtml|docx?|odt|rtf|epub|pptx?|odp|xlsx?|ods|csv|tsv|eml|mbox"
    "|msg|json|ya?ml|toml|ini|cfg|conf|xml|log|ipynb|pyi?|js|mjs|tsx?|jsx|c|h|cc|cpp|hpp|cs|go|rs|java|kt|rb|php|pl"
    "|sh|bash|sql|r|jl|lua|swift|scala|css|scss"
)

_PARTS = {
    "about": "(about|on|regarding|concerning)",
    "every": "(all|every|each|any)( of)?( (the|my|our))?",
    "file": rf"(?P<file>(?:[\w.~()-]*/)*[\w.()-]*[\w)]\.({_ENDINGS})(?![\w/]))",
    "holds": "(mention(s|ing|ed)?|contain(s|ing)?|include(s|d)?|including)",
    "i": "(i|we)",
    "it": (
        "(it|this|that|(the|this|that) (file|note|document|doc|page|pdf|text|whole( file| thing)?)|everything"
        "|all( of it)?)"
    ),
    "kind": "(file|note|notes|document|doc|page|pdf|mail|e-?mail)",
    "list": "(list|show( me)?|find( me)?|give me|name|enumerate)",
    "my": "(all )?(of )?(my|our)",
    "plain": "(files?|notes?)",
    "speaks": (
        "(mention(s|ing|ed)?|speak(s|ing)? (of|about)|talk(s|ing)? about|deal(s|ing)? with|refer(s|ring)? to"
        "|discuss(es|ing)?|(is|are|was|were) (there )?(about|on|dealing with)"
        "|(have|say|says) (something|anything) (about|on))"
    ),
    "summary": (
        "((give|write|make|show) (me )?|what are )?(an? |the )?((short|brief|quick) )?"
        "(summari[sz]e|summary( of)?|sum up|recap( of)?|outline( of)?|overview( of)?|abstract of"
        "|tl;?dr( (of|for))?:?|gist of|(key|main) (points?|takeaways?|ideas?) (of|from|in)"
        "|fasse?|zusammenfassung von|r[ée]sum[ée]r?( de)?|resumen de|resume)"
    ),
    "the": "((the|my|our|this|that|of|file|note|document|page|pdf) )*",
    "topic": r"(?P<topic>\S.*?)",
    "unit": (
        "(files?|notes?|documents?|docs?|pdfs?|papers?|articles?|pages?|mails?|e-?mails?|letters?|messages?"
        "|texts?|((journal|diary|blog) )?entries|recipes?|invoices?|receipts?|bills?|contracts?|reports?"
        "|minutes|tickets?|statements?|presentations?|books?|meetings?)"
    ),
    "what": r"(?P<what>\S.*?)",
    "when": (
        r"(yesterday|today"
        r"|(this|last|past) (\w+ )?(days?|weeks?|months?|quarter|years?|weekend|{season}|{month})"
        r"|((q[1-4]|{season}|{month}) )?(19|20)\d\d|\d{4}-\d\d(-\d\d)?|{month})"
    ),
    "season": "(spring|summer|autumn|fall|winter)",
    "month": (
        "(january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun"
        "|jul|aug|sept?|oct|nov|dec)"
    ),
    "write": (
        "(write|wrote|written|noted?( down)?|jot(ted)?( down)?|record(ed)?|collect(ed)?|saved?|gather(ed)?)"
    ),
}
"""What stands for `{name}` in a phrase."""

_POLITE = "(please |((can|could|would|will) you (please )?)|i (want|need|would like) |i'd like )?"
_BRIEFLY = (
    r"(,? (please|for me|briefly|in short"
    r"|in (an?|one|two|three|four|five|\d+|a few) (words?|sentences?|lines?|points?)))*"
)
_MINE = "( (in|across|from|among|of|within) (all )?(of )?(my|our|these|the) ({unit}|vault|library|folders?))?"


@functools.cache
def _phrase(text: str) -> re.Pattern[str]:
    """Compile a phrase: `{name}` is one of the parts above, no group counts but a named one.

    Not before a question needs it: all of them take as long as a search.
    """
    # "when" is made of other parts, which follow it.
    for name, part in _PARTS.items():
        text = text.replace(f"{{{name}}}", part)
    return re.compile(re.sub(r"(?<!\\)\((?!\?)", "(?:", text), re.IGNORECASE)


@functools.cache
def _whole(text: str, *, end: str) -> re.Pattern[str]:
    """Compile a phrase that is all of a question, however politely it is asked."""
    return _phrase(rf"^{_POLITE}({text}){end}[\s?.!]*$")


_SUMMARY_OF_IT = (
    "((give|write|make|show) (me )?)?(an? |the )?((short|brief|quick) )?"
    "(summari[sz]e|summary|sum up|recap|outline|overview|abstract|tl;?dr|gist|(key|main) (points?|takeaways?)"
    ")( (of |for |from )?{it})?|what('s| is) {it} about"
)
_SUMMARIES = (
    "{summary} {what}( zusammen)?",
    "what('s| is| was) {what} about",
    "what('s| is| stands)( written)? in {what}",
    "what does {what} (say|contain|cover|tell( me)?)",
)
_SAYS = (
    "what (does|did|do) {what} (say|tell( me| us)?|state|mention|contain|have to say)"
    " (about|on|regarding|concerning|of|to) {topic}"
)
_BEFORE = r"^\W?{file}\W?: {topic}$"
_WITHIN = (
    r"[ ,(]*\b(according to|as per|per|based on|in|inside|within|from|of|see) {the}"
    r"[\"'“‘`]?{file}[\"'”’`]?[ ,:)]*"
)
_DOES = r"\b(does|did) {the}[\"'“‘`]?{file}[\"'”’`]? (?=\w)"
_FILE = r"(?<![\w/.:@-]){file}"
_ENDING = re.compile(r"\w\.\w")
_OPENING = re.compile(
    r"(?:please |(?:can|could|would|will) you |i (?:want|need|would)|i'd )?"
    r"(?:what|which|how many|in (?:which|what)|list|show|find|give|make|write|name|enum|tell|collect|gather"
    r"|every|any|all|an? |the |short|brief|quick|sum|recap|outline|over|abstract|tl|gist"
    r"|key|main|fass|zusammen|r[ée]sum|please)",
    re.IGNORECASE,
)
"""How a question of the library may begin; a glance that spares most questions the rest."""
_OF_FILES = r"\b({i}|my|our|{unit})\b"
_QUOTED = re.compile(r"[\"“'‘`«](?P<inner>[^\"“”'’`«»]+)[\"”'’`»]")
_BARE = "^{the}(?P<name>.*?)( {kind})?$"

_TIMED = (
    r"^{topic},? (?P<time>yesterday|today|(this|last) \w+"
    r"|(in|on|from|of|during|since|before|after) (the )?{when})$"
)
_PHRASES: tuple[tuple[Wish, bool, str], ...] = (
    ("overview", False, "what (did|have|had) {i} ((already|ever) )?{write} {about} {topic}"),
    ("overview", False, "what (do|did) {my} {unit} (say|tell( me)?|contain|have|hold) {about} {topic}"),
    ("overview", False, "what do {i} (already )?(know|have) {about} {topic}"),
    ("overview", False, "{summary} {my} {unit} {about} {topic}"),
    (
        "overview",
        False,
        "({summary} |(tell|show|give) me |list )?(everything|anything|all|what) (that )?"
        "({i} (have )?({write}|know|have)|{my} {unit} say) {about} {topic}",
    ),
    (
        "overview",
        False,
        "(list|collect|gather|find|show me) (all|every)( of)?( (the|my))? (?!{unit}\\b){topic}"
        " (in|across|from|of) {my} ({unit}|vault|library)",
    ),
    ("list", True, "{list} (({every}|my|our|the) )?{plain} ((that|which) )?{holds} {topic}"),
    (
        "list",
        False,
        "{list} ({every}|my|our|the) {unit} ((that|which) )?"
        "({about}|{speaks}|with|related to|from|tagged( with| as)?) {topic}",
    ),
    ("list", True, "(which|what) ((({my} )?{plain})|{my} {unit}) (of mine )?{holds} {topic}"),
    ("list", True, "(which|what) {unit} mention {topic}"),
    ("list", False, "(which|what) ({my} )?{unit} (of mine )?{speaks} {topic}"),
    (
        "list",
        False,
        "(which|what) {unit} (do {i} have|are there|have {i} (got|written)|did {i} (write|make|get|keep))"
        " ({about}|dealing with|from) {topic}",
    ),
    (
        "list",
        False,
        "(in )?(which|what) ((({my} )?{plain})|{my} {unit}) (do|did|have) {i}"
        " ({write}|mention(ed)?|speak|talk|discuss) (({about}|of) )?{topic}",
    ),
    ("count", True, "how many ({my} )?{unit} (of mine )?(mention|contain) {topic}"),
    ("count", False, "how many ({my} )?{unit} (of mine )?{speaks} {topic}"),
    (
        "count",
        False,
        "how many {unit} (do {i} have|are there|have {i} (got|written)|did {i} (write|make|keep))"
        " {about} {topic}",
    ),
    (
        "count",
        False,
        r"how many (?P<topic>(?!days|times|people|years)([\w-]+ ){0,2}[\w-]+s"
        r" (from|dated|of|in|since) {when})"
        " (do {i} have|have {i}( got)?|did {i} (get|receive|send|write|save|keep)"
        "|are there in {my} {unit})",
    ),
    (
        "count",
        False,
        r"how many (?P<topic>(notes|files|documents|invoices|receipts|contracts|recipes|e-?mails|mails)"
        r" (from|in|since) {when})",
    ),
)
"""What is wished for, whether the words themselves are meant, and how that is said."""
