"""How many tokens to guess ahead, so that guessing pays; pure.

Evaluating a few tokens together costs more than one and less than as many
singly; how much depends on the model, the device and the length of the context,
so it is measured as the answer is written. What guesses are worth is learned
for nothing while none are made: it shows whether they would have come true.
"""

LONGEST = 12
"""Tokens guessed at a time, at most."""

_PATIENCE = 0.01
"""What wrong guesses may cost, as a share of the time that the answer took so far."""

_FIRST_PATIENCE = 0.6
"""What they may cost in the beginning, as a share of the time for one token."""

_WEIGHT = 0.15
"""Weight of the newest measurement."""

_FIRST_SLOPE = 0.3
"""What one more token in a batch costs before that is measured, as a share of a batch of one."""


class Pace:
    """Learns what guessing brings; one for each loaded model, as costs stay from answer to answer."""

    def __init__(self) -> None:
        self._single_s = 0.0
        """Time for one token; 0 until it is measured."""

        self._measured: dict[int, float] = {}
        """For numbers of guesses, what each added to the time, as a share of `_single_s`."""

        self._slopes = [_FIRST_SLOPE] * (LONGEST + 1)
        self._truth = 0.5
        """Share of guesses that came true lately."""

        self._spent_s = 0.0
        self._balance_s = 0.0
        """Time that guessing saved in this answer, less what it cost."""

    def begin(self) -> None:
        """Begin another answer, which may quote more or less than the last one."""
        self._spent_s = 0.0
        self._balance_s = 0.0
        self._truth = 0.5

    def length(self) -> int:
        """Say how many tokens to guess now; 0 to write one plainly."""
        if not self._single_s:
            return 0
        # even if none comes true, no more is lost than may be.
        allowance = _FIRST_PATIENCE + (_PATIENCE * self._spent_s + self._balance_s) / self._single_s
        best, best_gain = 0, 0.0
        expected, chance = 0.0, 1.0
        for count in range(1, LONGEST + 1):
            chance *= min(self._truth, 0.98)
            expected += chance
            cost = self._slopes[count] * count
            if cost <= allowance and expected - cost > best_gain:
                best, best_gain = count, expected - cost
        return best

    def watch(self, *, came_true: bool) -> None:
        """Learn what a guess would have been worth."""
        self._truth += _WEIGHT * (came_true - self._truth)

    def note(self, guessed: int, accepted: int, seconds: float) -> None:
        """Learn from one batch.

        Args:
            guessed: Tokens evaluated beside the one that was certain.
            accepted: How many of them came true.
            seconds: What it took to guess and to evaluate.
        """
        self._spent_s += seconds
        if not guessed:
            known = self._single_s
            self._single_s = known + _WEIGHT * (seconds - known) if known else seconds
            return
        self._balance_s += (accepted + 1) * self._single_s - seconds
        slope = max(0.0, seconds / self._single_s - 1) / guessed
        known = self._measured.get(guessed, slope)
        self._measured[guessed] = known + 0.3 * (slope - known)
        for count in range(1, LONGEST + 1):
            nearest = min(self._measured, key=lambda other: abs(other - count))
            self._slopes[count] = self._measured[nearest]
        for came_true in [True] * accepted + [False] * (accepted < guessed):
            self.watch(came_true=came_true)
