"""PDF: text per page, printed page labels, and the outline as headings.

pdfium reads nine times as fast as pypdf and parts words better; pypdf reads
Arabic and Hebrew in the right order, and files that pdfium refuses. Neither
is trusted with a stranger's file outside the child: pdfium has no limits.
"""

import io
import re
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2

from indexer.errors import PermanentError
from indexer.extract.builder import DocumentBuilder, sound
from indexer.types import BlockKind, Document

if TYPE_CHECKING:
    from pypdf import PdfReader

_WRONG_PASSWORD = 4
_UNKNOWN_SECURITY = 5
_MAX_BOOKMARKS = 5000
_MAX_HEADING_CHARS = 200

# pdfium writes U+0002 or U+FFFE for the hyphen of a word that goes on in the next line.
_HYPHEN = re.compile(r"-?[\x02\ufffe][ \t]*\r?\n?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_RIGHT_TO_LEFT_SHARE = 0.2
_SENTENCE_END = re.compile(r"[.!?:;。！？][\"')\]”’»]*$")
_NUMBERING = re.compile(
    r"^(?:chapter|section|part|appendix)?[\s\divxlcA-H.]*?[\d.]+[\s.):–-]*", re.IGNORECASE
)
_LETTERS = re.compile(r"\W+")

# what pypdf raises on damaged files, beside its own errors.
_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass
class _Pages:
    """What was read of a file: text per page, in order."""

    texts: list[str] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)
    outline: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    """Page → (level, title) of the bookmarks that point to it."""

    properties: dict[str, str] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)


def extract(path: Path, data: bytes) -> Document:
    """Read a PDF.

    Raises:
        PermanentError: If it is encrypted or damaged.
    """
    pages = _read(data)
    builder = DocumentBuilder()
    for number, text in enumerate(pages.texts, start=1):
        for kind, level, piece, heading in _page_blocks(text, pages.outline.get(number, [])):
            builder.add(kind, piece, level=level, title=heading, page=number)
    title = " ".join(pages.properties.get("title", "").split())
    # many programs leave a working title here: it counts if the first page bears it.
    if not title or _bare(title) not in _bare("".join(pages.texts[:1])):
        title = path.stem
    unreadable = ", ".join(map(str, pages.unreadable))
    return builder.build(
        title=title,
        metadata=pages.properties,
        page_labels=pages.labels,
        pages_without_text=[n for n, text in enumerate(pages.texts, 1) if not text.strip()],
        notes=[f"pages that could not be read: {unreadable}"] if unreadable else (),
    )


def _read(data: bytes) -> _Pages:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) in (_WRONG_PASSWORD, _UNKNOWN_SECURITY):
            raise PermanentError("the PDF is encrypted", hint="save a copy without a password") from error
        return _read_with_pypdf(data)
    try:
        return _read_with_pdfium(document, data)
    finally:
        document.close()


def _read_with_pdfium(document: pypdfium2.PdfDocument, data: bytes) -> _Pages:
    pages = _Pages(properties=_properties(document.get_metadata_dict(skip_empty=True)))
    second: PdfReader | None = None
    for index in range(len(document)):
        number = index + 1
        try:
            text = _page_text(document, index)
        except pypdfium2.PdfiumError:
            text = ""
            pages.unreadable.append(number)
        if len(_RIGHT_TO_LEFT.findall(text)) > _RIGHT_TO_LEFT_SHARE * len(text):
            second = second or _open_with_pypdf(data)
            text = _right_to_left(second, index) or text
        pages.texts.append(text)
        label = document.get_page_label(index)
        if label and label != str(number):
            pages.labels[number] = sound(label)
    for bookmark in islice(document.get_toc(), _MAX_BOOKMARKS):
        destination = bookmark.get_dest()
        at = destination.get_index() if destination is not None else None
        if at is not None and (title := " ".join(sound(bookmark.get_title()).split())):
            pages.outline.setdefault(at + 1, []).append((bookmark.level + 1, title))
    return pages


def _page_text(document: pypdfium2.PdfDocument, index: int) -> str:
    page = document[index]
    try:
        text_page = page.get_textpage()
        try:
            return _clean(text_page.get_text_range())
        finally:
            text_page.close()
    finally:
        page.close()


def _open_with_pypdf(data: bytes) -> "PdfReader":
    # deferred: most files never need it, and it takes as long to import as a file to read.
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise PermanentError("the PDF is encrypted", hint="save a copy without a password")
        len(reader.pages)
    except DependencyError as error:
        raise PermanentError("the PDF is encrypted", hint="save a copy without a password") from error
    except (PyPdfError, *_DAMAGE) as error:
        raise PermanentError("the PDF is damaged") from error
    return reader


def _read_with_pypdf(data: bytes) -> _Pages:
    from pypdf.errors import PyPdfError

    reader = _open_with_pypdf(data)
    pages = _Pages()
    for index in range(len(reader.pages)):
        try:
            pages.texts.append(_clean(reader.pages[index].extract_text()))
        except (PyPdfError, *_DAMAGE):
            pages.texts.append("")
            pages.unreadable.append(index + 1)
    try:
        pages.labels = {n: sound(s) for n, s in enumerate(reader.page_labels, 1) if s and s != str(n)}
        pages.properties = _properties(
            {str(k).lstrip("/"): str(v) for k, v in (reader.metadata or {}).items()}
        )
    except (PyPdfError, *_DAMAGE):
        # labels and properties are a courtesy; the text stands.
        pages.labels = {}
    if not any(text.strip() for text in pages.texts) and pages.unreadable:
        raise PermanentError("the PDF is damaged")
    if not pages.texts:
        raise PermanentError("the PDF is damaged")
    return pages


def _right_to_left(reader: "PdfReader", index: int) -> str:
    """Read a page of Arabic or Hebrew; presentation forms become letters."""
    from pypdf.errors import PyPdfError

    try:
        return _clean(unicodedata.normalize("NFKC", reader.pages[index].extract_text()))
    except (PyPdfError, *_DAMAGE):
        return ""


def _properties(found: dict[str, str]) -> dict[str, str]:
    """Return the properties a person may ask about, and when the file was made and changed."""
    kept = {key.lower(): " ".join(_clean(value).split()) for key, value in found.items()}
    return {
        key: kept[key]
        for key in ("title", "author", "subject", "keywords", "creationdate", "moddate")
        if kept.get(key)
    }


def _clean(text: str) -> str:
    text = _HYPHEN.sub("", sound(text)).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)


def _page_blocks(text: str, bookmarks: list[tuple[int, str]]) -> Iterator[tuple[BlockKind, int, str, str]]:
    """Part a page into headings and paragraphs: (kind, level, text, title of a heading).

    A paragraph ends at a blank line, or at a short line that ends a sentence.
    """
    lines = text.split("\n")
    lengths = sorted(len(line) for line in lines if line.strip())
    usual = lengths[int(len(lengths) * 0.8)] if lengths else 0
    headings = _heading_lines(lines, bookmarks)
    held: list[str] = []
    for number, line in enumerate(lines):
        if number in headings:
            yield BlockKind.PARAGRAPH, 0, "\n".join(held), ""
            yield BlockKind.HEADING, headings[number][0], line, headings[number][1]
            held = []
            continue
        held.append(line)
        bare = line.rstrip()
        if not bare or (len(bare) < 0.8 * usual and _SENTENCE_END.search(bare)):
            yield BlockKind.PARAGRAPH, 0, "\n".join(held), ""
            held = []
    yield BlockKind.PARAGRAPH, 0, "\n".join(held), ""


def _heading_lines(lines: list[str], bookmarks: list[tuple[int, str]]) -> dict[int, tuple[int, str]]:
    """Find the lines that the outline names: line number → (level, title).

    The last such line of a page counts: the first may be its running head.
    """
    places: dict[str, int] = {}
    if bookmarks:
        for number, line in enumerate(lines):
            if len(line) <= _MAX_HEADING_CHARS:
                places[_bare(_NUMBERING.sub("", line))] = places[_bare(line)] = number
    found: dict[int, tuple[int, str]] = {}
    for level, title in bookmarks:
        number = places.get(_bare(title), places.get(_bare(_NUMBERING.sub("", title)), -1))
        if number >= 0 and _bare(title):
            found.setdefault(number, (level, title))
    return found


def _bare(text: str) -> str:
    """Reduce text to what two ways of writing it share."""
    return _LETTERS.sub("", text).casefold()
