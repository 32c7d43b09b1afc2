"""Which files a set of questions means.

People name files as it suits them: absolute, relative to a folder that is
indexed or that a set came with, or by the mere name where that is enough.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.cases import Case


@dataclass(frozen=True, slots=True)
class Gold:
    """What is expected of a question, in terms of the index."""

    files: tuple[frozenset[Path], ...] = ()
    """For each source the file it means; several where its name fits them, none where it is not indexed."""

    passages: tuple[tuple[frozenset[Path], str], ...] = ()
    """The files that a passage may stand in, no matter which if there are none, and its text."""

    left_out: frozenset[Path] = frozenset()
    """Files that are not searched for this question."""

    @property
    def all_files(self) -> frozenset[Path]:
        """Every file that is right."""
        return frozenset().union(*self.files)


class IndexedFiles:
    """The files that the index knows, found by whatever they are called.

    Args:
        files: Their absolute paths.
        roots: The indexed folders.
    """

    def __init__(self, files: Iterable[Path], roots: Sequence[Path]) -> None:
        self._roots = roots
        self._files = frozenset(files)
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in self._files:
            self._by_name[path.name].append(path)

    def find(self, name: str) -> frozenset[Path]:
        """Return the files that a name means: one as a rule, several if it fits them all, or none.

        An absolute path comes first, then a path from a root or from the folder that a root
        stands in, then the end of a path.
        """
        asked = Path(name)
        if name.startswith("~/"):
            asked = Path.home() / name[2:]
        if asked.is_absolute():
            # links above a file are resolved in the index.
            return frozenset(path for path in (asked, asked.resolve()) if path in self._files)
        exact = (base / asked for root in self._roots for base in (root, root.parent))
        if found := frozenset(path for path in exact if path in self._files):
            return found
        parts = tuple(part for part in asked.parts if part != ".")
        return frozenset(
            path
            for path in self._by_name.get(parts[-1] if parts else "", ())
            if path.parts[-len(parts) :] == parts
        )

    def gold_of(self, case: Case) -> Gold:
        """Return what a question expects, in terms of the index."""
        return Gold(
            files=tuple(self.find(name) for name in case.sources),
            passages=tuple(
                (self.find(passage.file) if passage.file else frozenset(), passage.text)
                for passage in case.passages
            ),
        )

    def unknown(self, cases: Iterable[Case]) -> list[str]:
        """List the sources that name no indexed file, in order of appearance."""
        named = dict.fromkeys(name for case in cases for name in case.sources)
        return [name for name in named if not self.find(name)]

    def ambiguous(self, cases: Iterable[Case]) -> list[str]:
        """List the sources whose names fit several indexed files, in order of appearance."""
        named = dict.fromkeys(name for case in cases for name in case.sources)
        return [name for name in named if len(self.find(name)) > 1]


def without_sources(case: Case, gold: Gold) -> tuple[Case, Gold] | None:
    """Return the same question asked without the files that say it, which is then to be refused.

    Returns:
        `None` where the files do not say it anyhow, or it is not known which do.
    """
    if case.answerable != "yes" or not gold.files or not all(gold.files):
        return None
    asked = Case(
        id=f"{case.id} without its sources",
        line=case.line,
        question=case.question,
        answerable="no",
        turns=case.turns,
        fields={**case.fields, "answerable": "no"},
    )
    return asked, Gold(left_out=gold.all_files)
