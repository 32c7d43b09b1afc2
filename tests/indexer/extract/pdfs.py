"""Small PDF files, written by hand so that a test can break them where it wants."""

import io
from collections.abc import Sequence

from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle


def pdf(*pages: str) -> bytes:
    """Write a PDF with one text per page, a line of it per line; an empty text makes an empty page."""
    objects = [b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    kids = []
    for text in pages:
        objects.append(_stream(_show(text.split("\n")) if text else b""))
        content = len(objects)
        objects.append(
            b"<< /Type /Page /Parent PAGES 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 1 0 R >> >> >>" % content
        )
        kids.append(len(objects))
    objects.append(
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % k for k in kids), len(kids))
    )
    root = len(objects)
    objects.append(b"<< /Type /Catalog /Pages %d 0 R >>" % root)
    return _file([part.replace(b"PAGES", b"%d" % root) for part in objects])


def _show(lines: Sequence[str]) -> bytes:
    shown = [b"(%s) '" % _escape(line) for line in lines]
    return b"BT /F1 12 Tf 14 TL 72 720 Td " + b" ".join(shown) + b" ET"


def _escape(line: str) -> bytes:
    raw = line.encode("cp1252").replace(b"\\", b"\\\\")
    return raw.replace(b"(", b"\\(").replace(b")", b"\\)")


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        len(objects),
        start,
    )
    return bytes(out)


def written(writer: PdfWriter) -> bytes:
    """Return the file a writer holds."""
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def edited(data: bytes) -> PdfWriter:
    """Open a file for changes."""
    return PdfWriter(clone_from=PdfReader(io.BytesIO(data)))


def encrypted(data: bytes, *, password: str) -> bytes:
    """Lock a file; an empty password lets everybody read it."""
    writer = edited(data)
    writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
    return written(writer)


def labelled(data: bytes, *, roman_until: int) -> bytes:
    """Print i, ii, … on the first pages and 1, 2, … on the rest."""
    writer = edited(data)
    writer.set_page_label(0, roman_until - 1, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(roman_until, len(writer.pages) - 1, style=PageLabelStyle.DECIMAL, start=1)
    return written(writer)
