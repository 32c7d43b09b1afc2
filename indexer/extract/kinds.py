"""Kinds of file as people name them → endings of files."""

from collections.abc import Iterable

from indexer.extract import FORMATS

KINDS = {
    "pdf": "pdf",
    "markdown": "@markdown",
    "code": "@code",
    "html": "@html mhtml",
    "text": "@text",
    "notes": "@markdown txt text org rst adoc asciidoc textile wiki",
    "mail": "eml emlx mbox msg",
    "documents": "pdf docx doc odt rtf pages epub tex typ djvu",
    "tables": "csv tsv xlsx xls ods numbers",
    "slides": "pptx ppt odp key",
    "data": "json jsonl ndjson json5 yaml yml toml xml csv tsv geojson",
    "calendar": "ics",
    "contacts": "vcf",
    "python": "py pyi pyx ipynb",
    "javascript": "js mjs cjs jsx",
    "typescript": "ts tsx",
    "shell": "sh bash zsh fish",
    "images": "png jpg jpeg gif webp heic tif tiff bmp svg",
}
"""Endings by name; `@` stands for all that one of our readers reads."""

_ALSO = {
    "md": "markdown",
    "email": "mail",
    "web": "html",
    "webpage": "html",
    "htm": "html",
    "source": "code",
    "spreadsheet": "tables",
    "presentation": "slides",
    "doc": "documents",
}


def endings_of(kind: str) -> tuple[str, ...] | None:
    """Return the endings of a kind of file, in lower case without the dot; `None` if there is no such kind.

    Args:
        kind: A name, in the singular or plural, or an ending, with or without "*." or a dot.
    """
    name = kind.strip().lower().removeprefix("*").removeprefix(".")
    for word in (
        name,
        _ALSO.get(name, ""),
        f"{name}s",
        name.removesuffix("s"),
        _ALSO.get(name.rstrip("s"), ""),
    ):
        if word in KINDS:
            return tuple(dict.fromkeys(ending for part in KINDS[word].split() for ending in _expanded(part)))
    return (name,) if name in _known() else None


def all_endings(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the endings of several kinds together; what is no kind counts as an ending of its own."""
    return tuple(dict.fromkeys(ending for kind in kinds for ending in endings_of(kind) or (kind.lower(),)))


def _expanded(part: str) -> tuple[str, ...]:
    if not part.startswith("@"):
        return (part,)
    endings = _read_by(part[1:])
    # what has no ending is read as text.
    return (*endings, "") if part == "@text" else endings


def _read_by(module: str) -> tuple[str, ...]:
    suffixes = (suffix for entry in FORMATS if entry.module == module for suffix in entry.suffixes.split())
    return tuple(suffix.removeprefix(".") for suffix in suffixes)


def _known() -> set[str]:
    named = {ending for kind in KINDS.values() for part in kind.split() for ending in _expanded(part)}
    return {*named, *(ending for entry in FORMATS for ending in _read_by(entry.module))} - {""}
