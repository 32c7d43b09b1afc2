"""A text area in which filters complete themselves."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, work
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import TextArea

from assistant.terminal import plain, plain_line, with_stand_ins
from assistant.tui.completing import Begun, Choice, begun_filter, ghost, written
from assistant.tui.threads import in_thread
from indexer.errors import KbError

if TYPE_CHECKING:
    from indexer.types import Offer

FindOffers = Callable[[str, str], "Sequence[Offer]"]
"""Name of a filter and what stands behind its colon → what it may become, the likeliest first."""

SHOWN = 5
"""Offers that are listed below the text."""


class FilterArea(TextArea):
    """Completes `in:`, `type:`, `tag:`, `since:` and `before:` while somebody types one.

    Args:
        find_offers: Called in a thread; `None` completes nothing.
        placeholder: Shown while nothing is written.
        id: As for every widget.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "tab",
            "complete",
            "Complete",
            show=False,
            priority=True,
            id="filter.complete",
            tooltip="Complete the filter that is being typed; up and down choose another",
        ),
        # the app's keys, which a text area has other uses for: what they are bound to here is never done.
        Binding("f6,f7", "pass_on", show=False),
    ]
    DEFAULT_CSS = """
    FilterArea {
        height: 3; padding: 0 1; border: round $panel; background: $background;
        border-title-color: $text-muted; border-subtitle-color: $text-muted;
        &:focus { border: heavy $primary; }
        & .text-area--cursor-line { background: transparent; }
    }
    """

    _styled: object = None
    """The colours whose styles were looked up last, until the styles change."""

    def __init__(
        self,
        *,
        find_offers: FindOffers | None = None,
        placeholder: str = "",
        id: str | None = None,  # noqa: A002 - as Textual names it
    ) -> None:
        self._find_offers = find_offers
        self._choice: Choice | None = None
        super().__init__(id=id, placeholder=placeholder, highlight_cursor_line=False)

    # -- drawing

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styled = None

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.content_size.width < 1:
            # Textual divides by it.
            return [Strip.blank(crop.width)] * crop.height
        # Textual looks all styles of a text area up again whenever a part of it is rendered.
        if self._styled is self._theme:
            return super(TextArea, self).render_lines(crop)
        self._styled = self._theme
        return super().render_lines(crop)

    def get_line(self, line_index: int) -> Text:
        """Return a line as it is drawn, whatever has been written into it."""
        text = super().get_line(line_index)
        shown = with_stand_ins(text.plain)
        if shown != text.plain:
            text.plain = shown
        return text

    @property
    def is_completing(self) -> bool:
        """Whether something is offered."""
        return self._choice is not None

    # -- pastes

    async def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        await self.write_paste(event.text)

    async def action_paste(self) -> None:  # type: ignore[override]
        """Paste what was copied in the app, before the keys behind it."""
        await self.write_paste(self.app.clipboard)

    @abstractmethod
    async def write_paste(self, text: str) -> None:
        """Write what was pasted, whatever it holds and however long it is."""

    # -- looking for offers

    def update_suggestion(self) -> None:
        """Look what the filter at the cursor may become."""
        begun = self._begun() if self._find_offers is not None and self.is_mounted else None
        # what was offered before and fits still is shown until the daemon has answered.
        fitting = self._choice.narrowed(begun) if self._choice and begun else None
        self._drop()
        if begun is not None and self._find_offers is not None:
            if fitting is not None:
                self._choice = fitting
                self._show_choice()
            self._look_up(begun, self._find_offers)

    def watch_selection(self) -> None:
        """Offer nothing any more when the cursor goes elsewhere."""
        if self._choice is not None and self._begun() != self._choice.begun:
            self._drop()

    def _begun(self) -> Begun | None:
        row, column = self.cursor_location
        # a line that is no question is not searched at every key.
        line = self.document.get_line(row)
        return begun_filter(line, column) if len(line) < 2_000 and self.selection.is_empty else None

    @work(exclusive=True, group="offers")
    async def _look_up(self, begun: Begun, find: FindOffers) -> None:
        try:
            offers = await in_thread(find, begun.name, begun.value)
        except KbError as error:
            # nothing is offered then; the filter works all the same.
            self.log.warning(error.message)
            return
        # somebody may have typed on.
        if self._begun() == begun:
            self._drop()
            if offers:
                self._choice = Choice(begun, offers)
                self._show_choice()

    def _drop(self) -> None:
        if self._choice is not None:
            self._choice = None
            self.suggestion = ""
            self.border_subtitle = ""

    def _show_choice(self) -> None:
        assert self._choice is not None
        choice = self._choice
        # not on one line by `plain_line`, which would take the blank before the arrow.
        self.suggestion = plain(ghost(choice.begun, choice.chosen)).replace("\n", " ")
        first = max(0, min(choice.place - SHOWN // 2, len(choice.offers) - SHOWN))
        parts = [
            Content.styled(_label(offer, choice.begun), "reverse" if place == choice.place else "")
            for place, offer in enumerate(choice.offers[first : first + SHOWN], start=first)
        ]
        more = Content(" …" if first + SHOWN < len(choice.offers) else "")
        self.border_subtitle = Content("Tab: ") + Content("  ").join(parts) + more

    # -- taking one

    def choose(self, step: int) -> None:
        """Choose another of the offers.

        Args:
            step: 1 for the next one, -1 for the one before.
        """
        if self._choice is not None:
            self._choice.move(step)
            self._show_choice()

    def action_complete(self) -> None:
        """Write what is offered."""
        if self._choice is None:
            raise SkipAction
        choice = self._choice
        self._drop()
        row, column = self.cursor_location
        text = written(choice.begun, choice.chosen)
        if not choice.chosen.value.endswith("/"):
            text += " "
        result = self.replace(text, (row, choice.begun.start), (row, column), maintain_selection_offset=False)
        self.move_cursor(result.end_location)

    def action_cursor_right(self, select: bool = False) -> None:
        """Go to the right; at the end of what is completed, write it."""
        if self._choice is not None and not select:
            self.action_complete()
        else:
            super().action_cursor_right(select)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "pass_on" and super().check_action(action, parameters)


def _label(offer: "Offer", begun: Begun) -> str:
    # the folders that are typed already need not be read again.
    folder = begun.value.rpartition("/")[0] + "/"
    name = plain_line(offer.value[len(folder) :] if len(folder) > 1 else offer.value)
    if len(name) > 30:
        name = f"…{name[-29:]}"
    return name if offer.files is None else f"{name} {offer.files:,}"
