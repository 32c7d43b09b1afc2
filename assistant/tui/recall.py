"""What was asked before, walked through and searched as in a shell; pure."""

from collections.abc import Iterable, Sequence


class Recall:
    """Earlier questions, each once, and where among them somebody stands.

    Args:
        earlier: Questions, the oldest first; of those that repeat the last one counts.
    """

    def __init__(self, earlier: Iterable[str] = ()) -> None:
        self._entries: list[str] = []
        self._draft = ""
        self._place: int | None = None
        for text in earlier:
            self.add(text)

    @property
    def entries(self) -> Sequence[str]:
        """All of them, the oldest first."""
        return self._entries

    def add(self, text: str) -> None:
        """Put a question at the end, and stand behind it."""
        if text.strip():
            self._entries = [each for each in self._entries if each != text]
            self._entries.append(text)
        self._place, self._draft = None, ""

    def add_older(self, texts: Iterable[str]) -> None:
        """Put questions before all others, the oldest first; what is there already stays where it is."""
        known = set(self._entries)
        older = [text for text in Recall(texts).entries if text not in known]
        self._entries[:0] = older
        if self._place is not None:
            self._place += len(older)

    def older(self, typed: str) -> str | None:
        """Go one back, and return what stands there; `None` at the oldest.

        Args:
            typed: What is written now; kept as the draft unless it is what stands here.
        """
        place = len(self._entries) if self._place is None else self._place
        if place == 0:
            return None
        if self._place is None or typed != self._entries[self._place]:
            self._draft = typed
        self._place = place - 1
        return self._entries[self._place]

    def newer(self, typed: str) -> str | None:
        """Go one on, to the draft at the end, and return what stands there; `None` where nothing does."""
        if self._place is None:
            return None
        if typed != self._entries[self._place]:
            self._draft = typed
        self._place += 1
        if self._place < len(self._entries):
            return self._entries[self._place]
        self._place = None
        return self._draft


class ReverseSearch:
    """A search through earlier questions, from the newest back.

    Args:
        entries: What is searched, the oldest first.
        draft: What was written when it began.
    """

    def __init__(self, entries: Sequence[str], draft: str) -> None:
        self.draft = draft
        self.needle = ""
        self.found: str | None = None
        """The question that holds what is looked for; `None` where none does, or nothing is looked for."""

        self._entries = tuple(entries)
        self._place = len(self._entries)

    def look_for(self, needle: str) -> None:
        """Look for other words, from the newest on."""
        self.needle = needle
        self._place = len(self._entries)
        self.found = None
        self.older()

    def older(self) -> bool:
        """Go on to the next older one that differs; tells whether there is one."""
        needle = self.needle.casefold()
        if not needle:
            return False
        for place in range(self._place - 1, -1, -1):
            if needle in self._entries[place].casefold():
                self._place, self.found = place, self._entries[place]
                return True
        return False

    def line(self) -> str:
        """Write it as a shell does."""
        failed = "failed " if self.needle and self.found is None else ""
        return f"({failed}reverse search) {self.needle}: {self.found or ''}"
