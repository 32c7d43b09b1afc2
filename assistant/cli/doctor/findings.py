"""What was found out about one thing, and how it is shown."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from assistant.cli.diagnostics import Exit
from assistant.cli.diagnostics import exit_code as exit_code_of
from indexer.errors import KbError

Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found out about one thing."""

    topic: str
    verdict: Verdict
    said: str
    hint: str = ""
    """What to do about it, as a command where there is one."""

    code: int = Exit.ANSWERED
    """What the command ends with if this is a problem."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {key: value for key, value in asdict(self).items() if key != "code"}

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Give the lines of a table: the finding, and what to do about it below."""
        yield self.verdict, self.topic, self.said
        if self.hint:
            yield "", "", f"→ {self.hint}"


def ok(topic: str, said: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(topic=topic, verdict="ok", said=said)


def warning(topic: str, said: str, hint: str = "") -> Finding:
    """Say that something works, but not as it could."""
    return Finding(topic=topic, verdict="warning", said=said, hint=hint)


def problem(topic: str, error: KbError) -> Finding:
    """Say that something does not work."""
    return Finding(
        topic=topic, verdict="problem", said=error.message, hint=error.hint, code=exit_code_of(error)
    )


def exit_code(found: Iterable[Finding]) -> Exit:
    """Return what the command ends with: 0 without a problem, else the code of the first one."""
    return Exit(next((each.code for each in found if each.verdict == "problem"), Exit.ANSWERED))
