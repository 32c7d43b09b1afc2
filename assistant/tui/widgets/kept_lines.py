"""What Textual made of the lines of a widget, kept until a line says something else."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from itertools import groupby

from textual.geometry import Region
from textual.strip import Strip

from assistant.tui.widgets.mixin import WidgetMixin


class KeptLines(WidgetMixin):
    """Renders only lines that changed.

    Textual renders every line again when a widget has grown or is drawn again, of which most are
    the same as before.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id, classes=classes)
        self._rendered: dict[int, tuple[Strip | None, Strip]] = {}
        """Line of the widget → what was made for it, and what Textual made of that for a terminal."""

    @abstractmethod
    def source_of(self, y: int) -> Strip | None:
        """Return what is made for a line of the content; `None` for one that stays as it is."""

    @property
    def are_lines_kept(self) -> bool:
        """Whether what was rendered before is of any use now."""
        return True

    def forget_lines(self) -> None:
        """Render all lines anew."""
        self._rendered = {}

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.forget_lines()

    def render_lines(self, crop: Region) -> list[Strip]:
        if not self.are_lines_kept or crop.width != self.outer_size.width:
            return super().render_lines(crop)
        above = self.gutter.top
        sources = {y: self.source_of(y - above) for y in crop.line_range}
        changed = [y for y, source in sources.items() if self._is_changed(y, source)]
        for first, last in _runs(changed):
            strips = super().render_lines(Region(0, first, crop.width, last - first))
            for y, strip in zip(range(first, last), strips, strict=True):
                self._rendered[y] = (sources[y], WholeStrip(strip, strip.cell_length))
        return [self._rendered[y][1] for y in crop.line_range]

    def _is_changed(self, y: int, source: Strip | None) -> bool:
        """Tell whether a line of the widget was not rendered yet from what is made for it now."""
        if y not in self._rendered:
            return True
        before = self._rendered[y][0]
        return before is not source and before != source


class WholeStrip(Strip):
    """A line that is drawn from end to end, and no garbage in a cycle afterwards.

    Textual divides every line where other widgets begin, and keeps the parts with it; where there
    is one part alone, that is the line itself, which then holds itself.
    """

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        cuts = list(cuts)
        return [self] if cuts == [self.cell_length] else super().divide(cuts)


def _runs(numbers: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Return where consecutive numbers begin, and the number behind the last of them."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        yield found[0], found[-1] + 1
