"""Where something stands in a file, and in a text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Where a span stands, in a person's terms; what does not apply is `None` or empty."""

    line_start: int | None = None
    """First line in the file, from 1; `None` where the text has no lines of its own (PDF, HTML)."""

    line_end: int | None = None
    """Last line, inclusive."""

    page_start: int | None = None
    """First physical page, from 1."""

    page_end: int | None = None
    """Last physical page, inclusive."""

    page_label: str | None = None
    """What is printed on the first page ("iv"), where that differs from its number."""

    headings: tuple[str, ...] = ()
    """Headings the span stands under, outermost first."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields that apply; an empty object where none does."""
        pairs: dict[str, Any] = {
            "line_start": self.line_start,
            "line_end": self.line_end,
            "page_start": self.page_start,
            "page_end": self.page_end,
            "page_label": self.page_label,
            "headings": list(self.headings) or None,
        }
        return {key: value for key, value in pairs.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**{**value, "headings": tuple(value.get("headings", ()))})

    def describe(self) -> str:
        """Name the place for a person: "page 3", "lines 4-9", or an empty string."""
        if self.page_start is not None:
            if self.page_end is not None and self.page_end != self.page_start:
                return f"pages {self.page_start}-{self.page_end}"
            # the file chooses it, so that it may hold anything.
            label = "".join(filter(str.isprintable, self.page_label or ""))
            return f"page {self.page_start} ({label})" if label else f"page {self.page_start}"
        if self.line_start is not None:
            if self.line_end is not None and self.line_end != self.line_start:
                return f"lines {self.line_start}-{self.line_end}"
            return f"line {self.line_start}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open range of code points inside some text that the context names."""

    start: int
    end: int
