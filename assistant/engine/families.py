"""What differs between families of models, read from one table beside this module.

`families.toml` holds what no chat template says: recommended sampling, the marks
of thinking, what a template is told so that its model thinks or does not. A new
family is a new entry there and no code.
"""

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from assistant.engine.reasoning import Call, Dialect
from assistant.engine.types import Sampling

TABLE = Path(__file__).with_name("families.toml")


class TableError(ValueError):
    """The table does not hold what it must; names the entry."""


@dataclass(frozen=True, slots=True)
class Switch:
    """What a template is told so that its model thinks, or answers at once."""

    on: Mapping[str, Any]
    off: Mapping[str, Any]
    changes_tail: bool = False
    """Whether it is a switch only where it changes the end of a prompt."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to recognise a family: all of it must hold."""

    architectures: frozenset[str] = frozenset()
    """As GGUF names them; empty for any."""

    name: re.Pattern[str] = re.compile("")
    """Found in the model's name."""

    marks: tuple[str, ...] = ()
    """All in the template."""

    def holds(self, architecture: str, name: str, template: str) -> bool:
        """Tell whether a model is meant."""
        return (
            (not self.architectures or architecture in self.architectures)
            and self.name.search(name) is not None
            and all(mark in template for mark in self.marks)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Models that are asked and read in the same way."""

    name: str
    """For people."""

    conditions: tuple[Condition, ...]
    thinking: Sampling
    """What the makers recommend when the model thinks."""

    direct: Sampling
    """What they recommend when it does not."""

    thinks: Literal["always", "never", ""] = ""
    """Whether it begins a thought by itself and has no switch; empty where the template says."""

    switch: Switch | None = None
    """The family's own switch; `None` where the template is asked."""

    words: Mapping[str, str] = field(default_factory=dict)
    """What a system message says to have it think ("on") or not ("off"), where that is the switch."""

    dialect: str = ""
    """Name of its dialect; empty where the template shows it."""

    ends: tuple[str, ...] = ()
    """Control tokens that end an answer, which neither vocabulary nor template tells."""


@dataclass(frozen=True, slots=True)
class Table:
    """All that is known of families."""

    dialects: Mapping[str, Dialect]
    calls: tuple[Call, ...]
    switches: tuple[Switch, ...]
    families: tuple[Family, ...]
    dialect_marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def find_family(self, *, architecture: str, name: str, template: str) -> Family:
        """Recognise a model's family; the last entry takes whatever is unknown.

        Args:
            architecture: `general.architecture` of its file.
            name: `general.name`; may be empty.
            template: Its chat template; may be empty.
        """
        described = (architecture, name.casefold(), template)
        return next(
            family
            for family in self.families
            if any(condition.holds(*described) for condition in family.conditions)
        )

    def find_dialect(self, family: Family, template: str) -> Dialect:
        """Find how a model marks its thinking."""
        if family.dialect:
            return self.dialects[family.dialect]
        found = (
            name for name, marks in self.dialect_marks.items() if all(mark in template for mark in marks)
        )
        return self.dialects[next(found)]

    def find_calls(self, template: str) -> tuple[Call, ...]:
        """List the marks of tool calls that a template names."""
        return tuple(call for call in self.calls if call.opens in template)


@functools.cache
def known_families() -> Table:
    """Return the table that is shipped."""
    return read_table(TABLE.read_text(encoding="utf-8"))


def find_family(*, architecture: str, name: str, template: str) -> Family:
    """Recognise a model's family by the metadata of its file."""
    return known_families().find_family(architecture=architecture, name=name, template=template)


def read_table(text: str) -> Table:
    """Read and check a table.

    Raises:
        TableError: If an entry says what cannot be, or says it with an unknown word.
        tomllib.TOMLDecodeError: If it is no TOML.
    """
    entries = _Entry("the table", tomllib.loads(text))
    dialects = {}
    marks = {}
    for name, entry in entries.take("dialects", dict).items():
        reader = _Entry(f"dialect {name}", entry)
        marks[name] = tuple(reader.take("marks", list))
        dialects[name] = _read_dialect(name, reader)
    calls = tuple(_read_call(_Entry("a call", entry)) for entry in entries.take("calls", list, []))
    switches = tuple(_read_switch(_Entry("a switch", entry)) for entry in entries.take("switches", list, []))
    families = tuple(
        _read_family(_Entry(f"family {entry.get('name', '?')}", entry), dialects)
        for entry in entries.take("families", list)
    )
    entries.end()
    if not families or Condition() not in families[-1].conditions:
        raise TableError("the last family must take every model")
    if not marks or list(marks.values())[-1]:
        raise TableError("the last dialect must take every template")
    return Table(dialects, calls, switches, families, marks)


class _Entry:
    """Takes the values of one entry; what nobody took is a mistake."""

    def __init__(self, what: str, values: Mapping[str, Any]) -> None:
        self.what = what
        self._left = dict(values)

    def take(self, key: str, kind: Any, otherwise: Any = None) -> Any:
        """Return a value of a kind; one without `otherwise` must be there."""
        value = self._left.pop(key, otherwise)
        if value is None:
            raise TableError(f"{self.what} has no {key}")
        if not isinstance(value, kind):
            raise TableError(f"{key} of {self.what} is {value!r}")
        return value

    def has(self, key: str) -> bool:
        """Tell whether a value is there and was not taken."""
        return key in self._left

    def end(self) -> None:
        """Refuse what is left."""
        if self._left:
            raise TableError(f"{self.what} has {', '.join(self._left)}, which means nothing")


def _read_dialect(name: str, entry: _Entry) -> Dialect:
    dialect = Dialect(
        name=name,
        opens=entry.take("opens", str, ""),
        closes=entry.take("closes", str, ""),
        closing=entry.take("closing", str),
        answer=entry.take("answer", str, ""),
        wraps=tuple(entry.take("wraps", list, [])),
        channel=entry.take("channel", str, ""),
        bodies=entry.take("bodies", dict, {}),
        ends=tuple(entry.take("ends", list, [])),
        answers=_pattern(entry.what, entry.take("answers", str, "")),
        prompts=entry.take("prompts", str, ""),
        closes_unopened=entry.take("closes_unopened", bool, True),
    )
    entry.end()
    if bool(dialect.opens and dialect.closes) == bool(dialect.bodies):
        raise TableError(f"{entry.what} needs marks that open and close, or bodies, and not both")
    if unknown := set(dialect.bodies.values()) - {"thinking", "text", "head"}:
        raise TableError(f"{entry.what} has bodies of {', '.join(sorted(unknown))}")
    return dialect


def _read_call(entry: _Entry) -> Call:
    call = Call(entry.take("opens", str), entry.take("closes", str, ""))
    entry.end()
    return call


def _read_switch(entry: _Entry) -> Switch:
    switch = Switch(entry.take("on", dict), entry.take("off", dict), entry.take("tail", bool, False))
    entry.end()
    return switch


def _read_family(entry: _Entry, dialects: Mapping[str, Dialect]) -> Family:
    entry.take("source", str)
    direct = _read_sampling(entry, "direct")
    family = Family(
        name=entry.take("name", str),
        conditions=tuple(
            _read_condition(_Entry(f"a match of {entry.what}", each)) for each in entry.take("match", list)
        ),
        thinking=_read_sampling(entry, "thinking") if entry.has("thinking") else direct,
        direct=direct,
        thinks=entry.take("thinks", str, ""),
        switch=Switch(entry.take("on", dict), entry.take("off", dict)) if entry.has("on") else None,
        words=entry.take("words", dict, {}),
        dialect=entry.take("dialect", str, ""),
        ends=tuple(entry.take("ends", list, [])),
    )
    entry.end()
    if family.thinks not in ("always", "never", ""):
        raise TableError(f"{entry.what} cannot think {family.thinks!r}")
    if family.dialect and family.dialect not in dialects:
        raise TableError(f"{entry.what} names a dialect that is not there: {family.dialect}")
    return family


def _read_condition(entry: _Entry) -> Condition:
    condition = Condition(
        frozenset(entry.take("architectures", list, [])),
        _pattern(entry.what, entry.take("name", str, "")),
        tuple(entry.take("marks", list, [])),
    )
    entry.end()
    return condition


def _read_sampling(entry: _Entry, key: str) -> Sampling:
    reader = _Entry(f"{key} of {entry.what}", entry.take(key, dict))
    sampling = Sampling(
        temperature=reader.take("temperature", float),
        top_p=reader.take("top_p", float, 1.0),
        top_k=reader.take("top_k", int, 0),
        min_p=reader.take("min_p", float, 0.0),
    )
    reader.end()
    if not (
        0 <= sampling.temperature <= 2
        and 0 < sampling.top_p <= 1
        and sampling.top_k >= 0
        and 0 <= sampling.min_p < 1
    ):
        raise TableError(f"{reader.what} is out of range")
    return sampling


def _pattern(what: str, source: str) -> re.Pattern[str]:
    try:
        return re.compile(source)
    except re.error as error:
        raise TableError(f"{what} has a pattern that is none: {error}") from error
