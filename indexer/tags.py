"""Tags: those that stand at the top of a file, and those in the text of Markdown; pure.

A tag is kept in lower case and without "#". "work/plans" belongs to "work" too, which
whoever looks for "work" has to know.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

MOST_TAGS = 500
"""Tags kept of one file; more is a mistake, or no notes."""

LONGEST_TAG = 100

_KEYS = ("tags", "tag", "keywords")
_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n.*?^(?:\1|\.\.\.)[ \t]*$", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"[ >]*(`{3,}|~{3,})(.*)")
_LIST_ITEM = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_INLINE_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_TAG = re.compile(r"(?<![^\s(,;|>])(?<!\]\()#((?:\w|-)+(?:/(?:\w|-)+)*)(?![\w#])")


def normal_tag(text: str) -> str:
    """Return a tag as it is kept and looked for; empty if there is none."""
    plain = unicodedata.normalize("NFC", text).strip().lstrip("#").strip().strip("/").casefold()
    return " ".join(plain.split())[:LONGEST_TAG].strip()


def tags_of(metadata: Mapping[str, object], markdown: str = "") -> list[str]:
    """Return the tags of a file, each once, in order.

    Args:
        metadata: Front matter or document properties; `tags`, `tag` and `keywords` count.
        markdown: Its text where that is Markdown, from whose words tags are taken too.
    """
    named = {str(key).lower(): value for key, value in metadata.items()}
    found = [tag for key in _KEYS for tag in _listed(named.get(key), is_prose=key == "keywords")]
    if "#" in markdown:
        found.extend(_written(markdown))
    return list(dict.fromkeys(tag for tag in map(normal_tag, found) if tag))[:MOST_TAGS]


def _listed(value: object, *, is_prose: bool) -> list[str]:
    """Return the tags of one entry: a list, or one string parted by commas, else by spaces."""
    if isinstance(value, str):
        parted = re.split(r"[,;]", value)
        return value.split() if len(parted) == 1 and not is_prose else parted
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return [str(one) for one in value if isinstance(one, str | int) and not isinstance(one, bool)]
    return [str(value)] if isinstance(value, int) and not isinstance(value, bool) else []


def _written(markdown: str) -> list[str]:
    """Return the #tags in the text, outside of code; numbers alone are none."""
    found: list[str] = []
    fence, is_in_list, was_blank, was_code = "", False, True, False
    for line in _FRONT_MATTER.sub("", markdown, count=1).split("\n"):
        if fence:
            closing = _FENCE.fullmatch(line)
            if closing and not closing[2].strip() and closing[1].startswith(fence):
                fence = ""
            continue
        if (opening := _FENCE.fullmatch(line)) and not (opening[1][0] == "`" and "`" in opening[2]):
            fence = opening[1]
            continue
        if not line.strip():
            was_blank = True
            continue
        is_indented = line.startswith(("    ", "\t"))
        is_in_list = bool(_LIST_ITEM.match(line)) or (is_in_list and (is_indented or not was_blank))
        # four spaces make code of a line, but not inside of a list or a paragraph.
        was_code = is_indented and not is_in_list and (was_blank or was_code)
        was_blank = False
        if "#" in line and not was_code:
            plain = _INLINE_CODE.sub(" ", line)
            found.extend(tag for tag in _TAG.findall(plain) if re.search(r"[^\W\d]", tag))
    return found
