"""Bytes → text with locators: one module per format, found by the file's name.

A format is a module of this package with `extract(path, data) -> Document`; a
new one is a module and a line in `FORMATS`. Modules are imported when a file
first needs them, so that the child starts fast. `Sandbox` (in
`indexer.extract.sandbox`) is how the indexer calls this: never in its own process.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path

from indexer.types import Document


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file and the module that reads it."""

    module: str
    """Name inside this package."""

    suffixes: str
    """Lower case, with the dot, parted by spaces."""

    names: str = ""
    """Whole file names, lower case, that tell the format without a suffix or against it."""


FORMATS = (
    Format(
        "markdown",
        ".md .markdown .mdown .mkd .mdx .qmd .rmd",
    ),
    Format(
        "pdf",
        ".pdf",
    ),
    Format(
        "html",
        ".html .htm .xhtml .shtml",
    ),
    Format(
        "code",
        (
            ".py .pyi .pyx .js .mjs .cjs .jsx .ts .tsx .go .rs .java .kt .kts .scala .groovy .c .h "
            ".cc .cpp .cxx .hpp .hh .m .mm .cs .fs .vb .swift .rb .php .pl .pm .lua .r .jl .dart .ex "
            ".exs .erl .hrl .hs .ml .mli .clj .cljs .lisp .el .scm .nim .zig .v .sh .bash .zsh .fish "
            ".ps1 .bat .cmd .sql .css .scss .sass .less .vue .svelte .proto .graphql .tf .hcl .nix "
            ".cmake .gradle .awk .asm .s .f .f90 .pas .tcl .vim .sol .cu .glsl .mk .bzl"
        ),
        (
            "makefile dockerfile containerfile rakefile gemfile cmakelists.txt jenkinsfile "
            "vagrantfile justfile build workspace"
        ),
    ),
    Format(
        "text",
        (
            ".txt .text .log .rst .org .adoc .asciidoc .textile .wiki .mediawiki .creole .pod .typ "
            ".tex .ltx .sty .bib .csv .tsv .json .jsonl .ndjson .json5 .yaml .yml .toml .ini .cfg "
            ".conf .properties .env .xml .xsd .plist .opml .srt .vtt .sub .ics .vcf .diff .patch "
            ".fountain .ly .gpx .kml .geojson .po .pot .strings .desktop .service .nfo .asc"
        ),
    ),
)

_BY_SUFFIX = {suffix: entry.module for entry in FORMATS for suffix in entry.suffixes.split()}
_BY_NAME = {name: entry.module for entry in FORMATS for name in entry.names.split()}


def is_supported(path: Path) -> bool:
    """Tell from its name alone whether a file would be read; one without a suffix is tried as text."""
    return format_of(path) is not None


def extract(path: Path, data: bytes) -> Document:
    """Read one file's text and structure.

    Args:
        path: Its name decides the format; nothing is read from it.
        data: The whole file.

    Raises:
        PermanentError: If the file cannot be read as what it is.
        TransientError: Never today; formats may.
    """
    if not data:
        return Document(text="", blocks=(), has_lines=False, title=path.stem)
    # a PDF says what it is, whatever its name.
    module = "pdf" if data.startswith(b"%PDF-") else format_of(path) or "text"
    if module == "text" and not path.suffix and data.startswith(b"#!"):
        module = "code"
    document: Document = importlib.import_module(f"{__name__}.{module}").extract(path, data)
    return document


def format_of(path: Path) -> str | None:
    """Name the module that reads a file, by the file's name; `None` where none does."""
    suffix = path.suffix.lower()
    named = _BY_NAME.get(path.name.lower())
    return named or _BY_SUFFIX.get(suffix) or (None if suffix else "text")
