"""A scroll of many texts, one below the other, that takes no longer for a hundred of them than for ten.

Textual lays out every widget of a container whenever one of them grows. Here only those near the
part in view are laid out; the others keep their room by the number of lines that they had.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from textual import events
from textual.containers import VerticalScroll
from textual.geometry import Size, Spacing
from textual.layout import DockArrangeResult
from textual.layouts.vertical import VerticalLayout
from textual.scrollbar import ScrollBar

from assistant.tui.widgets.ground import Ground
from assistant.tui.widgets.lines import Lines

KEPT_PAGES = 3
"""What is further from view than so many pages is put away, and drawn anew when it is near again."""


class LongScroll(Ground, VerticalScroll):
    """Scrolls texts; its children are `Lines`, all shown, with the same margins, borders and padding.

    Placed are those in view or at the end, the one with the focus, and what is near and drawn
    already. Whatever becomes of the heights of others, what is in view stays where it is.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id)
        self._stack = Stack()
        self._one = VerticalLayout()
        self.placed: set[Lines] = set()
        """The children that Textual knows a place for."""

    def top_of(self, child: Lines) -> int:
        """Return the line at which a child begins, counted from the first line of all; ≥ 0."""
        return self._stack.top_of(child)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self.placed.issuperset(self._stack.between(new_value, new_value + self.size.height)):
            self._lay_out()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show what has the focus now, also where Textual does not know yet where it is."""
        child = event.widget
        in_view = self._stack.between(self.scroll_y, self.scroll_y + self.size.height)
        if isinstance(child, Lines) and child not in in_view:
            self.release_anchor()
            self.scroll_to(y=self.top_of(child), animate=False)
            self._lay_out()

    def _lay_out(self) -> None:
        """Lay the children out again."""
        # Textual does it when a child asks for it.
        if self.children:
            self.children[-1].refresh(layout=True, repaint=False)

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """Place what is near; `optimal` is for widgets that are as wide as their text."""
        # Textual's own passes over all children for layers, docks and splits, of which there are none.
        children = [child for child in self.children if isinstance(child, Lines)]
        self._choose(children, size)
        is_at_bottom = self.styles.align_vertical == "bottom"
        above = max(0, size.height - self._stack.height) if is_at_bottom else 0
        placements = []
        for child in sorted(self.placed, key=self.top_of):
            (placement,) = self._one.arrange(self, [child], size, greedy=not optimal)
            region = placement.region.translate((0, above + self.top_of(child)))
            placements.append(placement._replace(region=region))
        return DockArrangeResult(placements, set(children), Spacing())

    def _choose(self, children: Sequence[Lines], size: Size) -> None:
        """Choose what is placed, and draw it: heights that were guessed become known by that.

        Args:
            children: All of them.
            size: Cells of a line with its margins, lines in view.
        """
        around = children[0].gutter + children[0].styles.margin if children else Spacing()
        width, page = max(0, size.width - around.width), size.height
        held, before = self._held(width, page)
        focused = set(children).intersection({self.screen.focused})
        while True:
            self._stack.pile(children, [child.height_at(width) + around.height for child in children])
            scroll_y = self.scroll_y + self._stack.top_of(held, default=before) - before
            shown = self._stack.between(scroll_y, scroll_y + page)
            # the end as well: a scroll that is anchored goes there after it was laid out.
            shown |= self._stack.between(self._stack.height - page, self._stack.height)
            shown |= focused
            late = [child for child in shown if not child.is_drawn_for(width)]
            if not late:
                break
            for child in late:
                child.prepare(width)
        near = self._stack.between(scroll_y - page, scroll_y + 2 * page)
        self.placed = shown | {child for child in near if child.is_drawn_for(width)}
        kept = self._stack.between(scroll_y - KEPT_PAGES * page, scroll_y + (KEPT_PAGES + 1) * page)
        for child in set(children) - kept - shown:
            child.put_away()
        if scroll_y != self.scroll_y:
            self.set_scroll(None, scroll_y)
            self.vertical_scrollbar.set_reactive(ScrollBar.position, scroll_y)

    def _held(self, width: int, page: int) -> tuple[Lines | None, int]:
        """Return the child that stays where it is, and the line at which it begins.

        That is the first in view that is drawn already: one that comes into view from above is
        shown by its end.
        """
        in_view = sorted(self._stack.between(self.scroll_y, self.scroll_y + page), key=self.top_of)
        drawn = (child for child in in_view if child.is_drawn_for(width))
        held = next(drawn, next(iter(in_view), None))
        return held, self._stack.top_of(held)


class Stack:
    """Texts one below the other, and the line at which each begins."""

    def __init__(self) -> None:
        self._texts: Sequence[Lines] = ()
        self._tops: dict[Lines, int] = {}
        self._edges: list[int] = [0]
        """Where every text begins, and where the last one ends."""

    def pile(self, texts: Sequence[Lines], heights: Sequence[int]) -> None:
        """Take other texts, or other heights of them.

        Args:
            texts: All of them, in order.
            heights: Lines that each takes, > 0.
        """
        self._texts = texts
        self._edges = list(accumulate(heights, initial=0))
        self._tops = dict(zip(texts, self._edges, strict=False))

    @property
    def height(self) -> int:
        """How many lines all of them take."""
        return self._edges[-1]

    def top_of(self, text: Lines | None, default: int = 0) -> int:
        """Return the line at which a text begins; `default` for one that is not there."""
        return default if text is None else self._tops.get(text, default)

    def between(self, first: float, end: float) -> set[Lines]:
        """Return the texts of which a line is at or behind `first` and before `end`."""
        above = max(0, bisect_right(self._edges, first) - 1)
        return set(self._texts[above : bisect_left(self._edges, end)])
