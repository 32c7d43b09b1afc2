"""Which release of kb a process is of, so that a newer `kb` replaces an older daemon.

A number of the code and not of its files: times of files say nothing of their
order (checking out an older commit makes them newer), and a daemon that ended
whenever an editor saves would never finish anything.
"""

import re
from dataclasses import dataclass
from typing import Self

_SUFFIX_RANKS = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "c": -1, "rc": -1, "": 0, "post": 1}


@dataclass(frozen=True, slots=True)
class Release:
    """A version of kb, and the number of the API that its daemon speaks."""

    version: str
    api: int

    def __str__(self) -> str:
        return f"{self.version} api {self.api}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what `str` wrote; `None` if it is nothing of the kind."""
        match text.split():
            case [version, "api", number] if number.isdecimal():
                return cls(version, int(number))
            case _:
                return None

    def is_newer_than(self, other: "Release") -> bool:
        """Tell whether this release came after another one."""
        if self == other:
            return False
        return (_order(self.version), self.api) > (_order(other.version), other.api)


RELEASE = Release("0.1.0", api=1)
"""Ours. The number of the API changes when an older client no longer understands the daemon."""


def _order(version: str) -> tuple[tuple[int, ...], int, int]:
    """Return what versions are compared by: numbers, then kind and number of the suffix ("rc1")."""
    found = re.match(r"v?(\d+(?:\.\d+)*)[-_.]?([a-z]*)[-_.]?(\d*)", version.lower())
    if found is None:
        return (), 0, 0
    numbers = [int(each) for each in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers), _SUFFIX_RANKS.get(found[2], 0), int(found[3] or 0)
