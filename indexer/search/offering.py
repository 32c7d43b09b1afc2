"""What a filter that is being typed may become."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from indexer.dates import dates_beginning
from indexer.errors import UsageError
from indexer.extract.kinds import KINDS, endings_of
from indexer.tags import normal_tag
from indexer.types import Offer


class OfferingIndex(Protocol):
    """What this needs of `indexer.index.Index`, which documents each method."""

    # ruff: noqa: D102
    def tag_counts(self, beginning: str, *, limit: int) -> dict[str, int]: ...
    def ending_counts(self) -> dict[str, int]: ...
    def place_counts(self, typed: str, *, limit: int) -> dict[str, int]: ...


def offer(index: OfferingIndex, name: str, typed: str, *, limit: int, now: float) -> list[Offer]:
    """Return what a filter may become, the likeliest first; what is typed already is not offered.

    Args:
        index: Whose files it is to leave.
        name: Of the filter: in, -in, exclude, type, tag, since, after or before.
        typed: What stands behind its colon.
        limit: How many at most.
        now: Seconds since the epoch.

    Raises:
        UsageError: If there is no filter of that name.
    """
    match name.lower():
        case "in" | "-in" | "exclude":
            found = _places(index, typed, limit)
        case "type":
            # several kinds stand side by side; the last one is being typed.
            before, comma, last = typed.rpartition(",")
            found = _offers(_kinds(index, last.strip().lower()), before + comma)
        case "tag":
            before, comma, last = typed.rpartition(",")
            found = _offers(index.tag_counts(normal_tag(last), limit=limit + 1), before + comma)
        case "since" | "after" | "before":
            found = [Offer(value=date) for date in dates_beginning(typed, now)]
        case _:
            raise UsageError(f"there is no filter {name!r}")
    return [each for each in found if each.value != typed][:limit]


def _places(index: OfferingIndex, typed: str, limit: int) -> list[Offer]:
    home = f"{Path.home()}/"
    if typed.startswith("~/"):
        counts = index.place_counts(home + typed[2:], limit=limit + 1)
        return [Offer(value=f"~/{name[len(home) :]}", files=files) for name, files in counts.items()]
    beginning = typed.removeprefix("./")
    return _offers(index.place_counts(beginning, limit=limit + 1), typed[: len(typed) - len(beginning)])


def _kinds(index: OfferingIndex, beginning: str) -> dict[str, int]:
    """Count the files of kinds and endings that begin so, the most frequent first; kinds before endings."""
    endings = index.ending_counts()
    kinds = {kind: sum(endings.get(ending, 0) for ending in endings_of(kind) or ()) for kind in KINDS}
    counts = {**kinds, **{ending: count for ending, count in endings.items() if endings_of(ending)}}
    # an ending that is a kind of its own means the kind.
    counts.update(kinds)
    found = [(name, count) for name, count in counts.items() if count and name.startswith(beginning)]
    return dict(sorted(found, key=lambda item: (-item[1], item[0] not in KINDS, item[0])))


def _offers(counts: Mapping[str, int], before: str) -> list[Offer]:
    return [Offer(value=before + name, files=files) for name, files in counts.items() if name]
