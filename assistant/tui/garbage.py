"""When Python looks for garbage: in quiet moments, so that nobody who types or reads along waits for it.

A full collection takes a tenth of a second once the app is loaded, and Python would begin one
whenever enough was made, which is while an answer is drawn. What Textual makes for a frame is garbage
in cycles a moment later; Python looks for what is young less often than by default, so that most of
that is gone by then and not kept until the next full collection.
"""

import gc
import time
from collections.abc import Callable

QUIET_S = 2.0
"""Since the last key, until a moment counts as quiet."""

LOOK_EVERY_S = 5.0
"""How often it is looked whether the moment is quiet."""

ENOUGH = 10
"""As many collections of what is young make a full one worth it; as often Python would begin one."""

MANY = 2 * ENOUGH
"""After as many a moment is quiet though an answer is on its way: it is drawn a little later then."""

TOO_MANY = 3 * ENOUGH
"""After as many it is not waited for a quiet moment any more: it would take longer and longer."""

YOUNG = 2000
"""Objects that are made between two collections of what is youngest."""

NEVER = 1_000_000


class QuietCollector:
    """Collects garbage in quiet moments.

    Args:
        is_busy: Tells whether something is on its way that a person looks at.
        clock: Seconds that do not go back.
    """

    def __init__(self, is_busy: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._is_busy = is_busy
        self._clock = clock
        self._touched_at = 0.0
        self._before = gc.get_threshold()

    def begin(self) -> None:
        """Take all there is as needed, and keep Python from full collections of its own."""
        gc.freeze()
        self._before = gc.get_threshold()
        gc.set_threshold(YOUNG, self._before[1], NEVER)
        gc.enable()

    def end(self) -> None:
        """Leave it to Python again."""
        gc.set_threshold(*self._before)
        gc.unfreeze()

    def touched(self) -> None:
        """Somebody pressed a key or moved the mouse."""
        self._touched_at = self._clock()

    def look(self) -> bool:
        """Collect if there is enough to collect and the moment is quiet; tells whether it did."""
        waiting = gc.get_count()[2]
        is_touched = self._clock() - self._touched_at < QUIET_S
        is_quiet = not is_touched and (waiting >= MANY or not self._is_busy())
        if waiting >= TOO_MANY or (waiting >= ENOUGH and is_quiet):
            gc.collect()
            return True
        return False
