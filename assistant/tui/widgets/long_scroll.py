"""A scroll of many texts, one below the other, that takes no longer for a hundred of them than for ten.

Textual lays out every widget of a container whenever one of them grows. Here only those near the
part in view are laid out; the others keep their room by the number of lines that they had.
"""

from itertools import accumulate, pairwise

from textual import events
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.layout import ArrangeResult, Layout
from textual.layouts.vertical import VerticalLayout
from textual.scrollbar import ScrollBar
from textual.widget import Widget

from assistant.tui.widgets.ground import Ground
from assistant.tui.widgets.lines import Lines

KEPT_PAGES = 3
"""What is further from view than so many pages is put away, and drawn anew when it is near again."""


class LongScroll(Ground, VerticalScroll):
    """Scrolls texts; its children are `Lines`, all with the same margins, borders and padding."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id)
        self._nearby = NearbyLayout()

    @property
    def layout(self) -> Layout:
        return self._nearby

    def top_of(self, child: Lines) -> int:
        """Return the line at which a child begins, counted from the first line of all; ≥ 0."""
        return self._nearby.top_of(child)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self._nearby.placed.issuperset(self._nearby.in_view(new_value, self.size.height)):
            self._lay_out()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show what has the focus now, also where Textual does not know yet where it is."""
        child = event.widget
        if isinstance(child, Lines) and child not in self._nearby.in_view(self.scroll_y, self.size.height):
            self.release_anchor()
            self.scroll_to(y=self.top_of(child), animate=False)
            self._lay_out()

    def _lay_out(self) -> None:
        """Lay the children out again."""
        # Textual does it when a child asks for it.
        if self.children:
            self.children[-1].refresh(layout=True, repaint=False)


class NearbyLayout(VerticalLayout):
    """Places what is in view or at the end, what has the focus, and what is near and drawn already.

    Whatever becomes of the heights of others, what is in view stays where it is.
    """

    name = "nearby"

    def __init__(self) -> None:
        self.placed: set[Lines] = set()
        self._children: list[Lines] = []
        self._edges: list[int] = [0]
        """Where every child begins, and where the last one ends."""

    def top_of(self, child: Lines) -> int:
        """Return the line at which a child begins; 0 if it has no place yet."""
        return self._edges[self._children.index(child)] if child in self._children else 0

    def in_view(self, scroll_y: float, page: int) -> dict[Lines, int]:
        """Return what is in view, placed or not, in order → where it begins.

        Args:
            scroll_y: The first line in view.
            page: Lines in view.
        """
        return {
            child: top
            for child, (top, bottom) in zip(self._children, pairwise(self._edges), strict=True)
            if bottom > scroll_y and top < scroll_y + page
        }

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        lines = [child for child in children if isinstance(child, Lines)]
        if not lines:
            self._children, self._edges, self.placed = [], [0], set()
            return []
        around = lines[0].gutter + lines[0].styles.margin
        self._choose(parent, lines, Size(max(0, size.width - around.width), size.height), around.height)
        placements = []
        for child, top in zip(self._children, self._edges, strict=False):
            if child in self.placed:
                (placement,) = super().arrange(parent, [child], size, greedy)
                placements.append(placement._replace(region=placement.region.translate((0, top))))
        return placements

    def _choose(self, parent: Widget, children: list[Lines], size: Size, around: int) -> None:
        """Choose what is placed, and draw it: heights that were guessed become known by that.

        Args:
            parent: What scrolls; is scrolled so that what is in view stays there.
            children: All of them.
            size: Cells of a line, lines in view.
            around: Lines that each child takes beside its own.
        """
        held, before = self._held(parent.scroll_y, size)
        while True:
            heights = (child.height_at(size.width) + around for child in children)
            edges = list(accumulate(heights, initial=0))
            moved = edges[children.index(held)] - before if held in children else 0
            scroll_y = parent.scroll_y + moved
            in_view, near, far = set(), set(), set()
            for child, (top, bottom) in zip(children, pairwise(edges), strict=True):
                # the end as well: a scroll that is anchored goes there after it was laid out.
                is_at_end = bottom > edges[-1] - size.height
                if is_at_end or child.has_focus or (bottom > scroll_y and top < scroll_y + size.height):
                    in_view.add(child)
                elif bottom > scroll_y - size.height and top < scroll_y + 2 * size.height:
                    near.add(child)
                elif (
                    bottom < scroll_y - KEPT_PAGES * size.height
                    or top > scroll_y + (KEPT_PAGES + 1) * size.height
                ):
                    far.add(child)
            late = [child for child in in_view if not child.is_drawn_for(size.width)]
            for child in late:
                child.prepare(size.width)
            if not late:
                break
        self._children, self._edges = children, edges
        self.placed = in_view | {child for child in near if child.is_drawn_for(size.width)}
        for child in far:
            child.put_away()
        if moved:
            parent.set_scroll(None, scroll_y)
            parent.vertical_scrollbar.set_reactive(ScrollBar.position, scroll_y)

    def _held(self, scroll_y: float, size: Size) -> tuple[Lines | None, int]:
        """Return the child that stays where it is, and the line at which it begins.

        That is the first in view that is drawn already: one that comes into view from above is
        shown by its end.
        """
        in_view = self.in_view(scroll_y, size.height)
        drawn = (child for child in in_view if child.is_drawn_for(size.width))
        held = next(drawn, next(iter(in_view), None))
        return held, in_view[held] if held is not None else 0
