"""How many tokens to guess ahead, so that guessing pays; pure.

Evaluating a few tokens together costs more than one and less than as many
singly; how much depends on the model, the device and the length of the context,
so it is measured as the answer is written. What guesses are worth is learned
for nothing while none are made: it shows whether they would have come true.
"""

from collections.abc import Mapping

LONGEST = 15
"""Tokens guessed at a time, at most; with the one that is certain, CPUs like a multiple of 4."""

_PATIENCE = 0.01
"""What wrong guesses may cost, as a share of the time that the answer took so far."""

_FIRST_PATIENCE = 0.5
"""What they may cost in the beginning, as a share of the time for one token."""

_AT_RISK = 2
"""What may be lost beyond that if no guess comes true though nearly all did, in the same measure."""

_LEAST_GAIN = 0.2
"""What a batch must be expected to save, as a share of the time for one token."""

_HIGHEST_COST = 1.2
"""What one more token in a batch costs at most; whatever was measured above was something else."""

_WEIGHT = 0.13
"""Weight of the last guess in the share of those that came true."""

_WEIGHT_DOWN, _WEIGHT_UP = 0.4, 0.1
"""Weight of a time that is shorter, or longer, than the one known; other programs only lengthen them."""

_FIRST_COST = 0.5
"""What one more token in a batch costs before that is measured, as a share of a batch of one."""


class Pace:
    """Learns what guessing brings; one for each loaded model, as costs stay from answer to answer."""

    def __init__(self) -> None:
        self._single_s = 0.0
        """Time for one token; 0 until it is measured."""

        self._measured: dict[int, float] = {}
        """For numbers of guesses, what they added to the time, as a share of `_single_s`."""

        self._costs = [_FIRST_COST * count for count in range(LONGEST + 1)]
        """The same for every number, as far as that is known."""

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
        allowance = _FIRST_PATIENCE + (_PATIENCE * self._spent_s + self._balance_s) / self._single_s
        truth = min(self._truth, 0.98)
        best, best_gain = 0, _LEAST_GAIN
        expected, chance = 0.0, 1.0
        for count in range(1, LONGEST + 1):
            chance *= truth
            expected += chance
            cost = self._costs[count]
            is_safe = cost <= allowance + _AT_RISK and (1 - truth) * cost <= allowance
            if is_safe and expected - cost > best_gain:
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
            self._single_s = _correct(self._single_s or seconds, seconds)
            return
        if not self._single_s:
            return
        cost = max(0.0, seconds / self._single_s - 1)
        # a batch that had to wait for another program says nothing of what guessing brings.
        self._balance_s += (accepted - min(cost, 3 * guessed)) * self._single_s
        cost = min(cost, _HIGHEST_COST * guessed)
        self._measured[guessed] = _correct(self._measured.get(guessed, cost), cost)
        self._costs = _interpolate(self._measured)
        for came_true in [True] * accepted + [False] * (accepted < guessed):
            self.watch(came_true=came_true)


def _correct(known: float, measured: float) -> float:
    return known + (_WEIGHT_DOWN if measured < known else _WEIGHT_UP) * (measured - known)


def _interpolate(measured: Mapping[int, float]) -> list[float]:
    """Return the cost of every number of guesses: in proportion between those measured, hopeful beyond them.

    A batch of two can cost as much as two of one and a batch of sixteen as much as four; it is tried where
    guesses come true, and then little is lost.
    """
    costs = [0.0] * (LONGEST + 1)
    below = 0
    for count in sorted(measured):
        for between in range(below + 1, count + 1):
            share = (between - below) / (count - below)
            costs[between] = costs[below] + share * (measured[count] - costs[below])
        below = count
    for beyond in range(below + 1, LONGEST + 1):
        costs[beyond] = costs[beyond - 1] + min(costs[below] / below, _FIRST_COST)
    return costs
