"""What "the second one" is in the list that was answered; pure, and about English."""

import re

_NUMBERS = {
    "first": 0, "1st": 0, "former": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3,
    "fifth": 4, "5th": 4, "sixth": 5, "6th": 5, "seventh": 6, "eighth": 7, "ninth": 8, "tenth": 9,
    "last": -1, "latter": -1, "final": -1,
}  # fmt: skip

_CHOICE = re.compile(
    rf"\b(?:the |that |your )?(?P<ordinal>{'|'.join(_NUMBERS)})"
    r"(?: (?:one|ones|item|option|point|choice|thing|answer|entry)\b|(?=\s*(?:[?.!,]|$)))"
    r"|\b(?:number|option|point|item|no\.|#) ?(?P<number>\d{1,2})\b",
    re.IGNORECASE,
)
_MARK = re.compile(r"\s*\[\d+(?:[,\s]+\d+)*\]")
_LINE_ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s+(.+)$", re.MULTILINE)
_INLINE_ITEM = re.compile(r"(?:^|\s)\(?\d{1,2}[.)]\s+(.+?)(?=\s\(?\d{1,2}[.)]\s|$)", re.DOTALL)
_ROW = re.compile(r"[^.:;?!\n]*?[^.:;?!\n,]+(?:, [^.:;?!\n,]+)*,? (?:and|or) [^.:;?!\n,]+")
_PART = re.compile(r",? (?:and|or) |, ")
_HEAD_END = re.compile(r":\s|\s[-–—]\s|[.;](?:\s|$)|\n")
_LEAD = re.compile(
    r"^.*\b(?:are|is|were|was|include|includes|including|be|of|as|by|have|has|had|with|need|needs|like|about|"
    r"either|from|to|between|called|in)\s+",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_WORDS = 8


def choose(question: str, answer: str) -> str:
    """Put the item of a list that a question points to in place of "the second one".

    Args:
        question: The follow-up.
        answer: What was answered before it.

    Returns:
        The question; empty if it points to no item, or the answer has no such item.
    """
    match = _CHOICE.search(question)
    if match is None:
        return ""
    listed = items(answer)
    at = int(match["number"]) - 1 if match["number"] else _NUMBERS[match["ordinal"].lower()]
    if len(listed) < 2 or not -1 <= at < len(listed):
        return ""
    return question[: match.start()] + listed[at] + question[match.end() :]


def items(answer: str) -> list[str]:
    """List the items of the list in an answer, each by its first words; none if there is no list."""
    text = _MARK.sub("", answer)
    for pattern in (_LINE_ITEM, _INLINE_ITEM):
        found = [item for each in pattern.findall(text) if (item := _head(each))]
        if len(found) > 1:
            return found
    rows = [match[0] for match in _ROW.finditer(text)]
    # the longest row of the last answer is the list that a person has in mind.
    parts = max((_PART.split(_LEAD.sub("", row)) for row in rows), key=len, default=[])
    found = [item for each in parts if (item := _head(each))]
    return found if len(found) > 1 else []


def _head(item: str) -> str:
    """Return the first words of an item, without emphasis."""
    words = _HEAD_END.split(item.strip(), maxsplit=1)[0].replace("*", "").replace("`", "").split()
    return " ".join(words[:_LONGEST_WORDS]).strip(" ,;.")
