"""Containers of which nothing is seen but their ground, between and below what they hold."""

from textual.containers import Container, Vertical
from textual.geometry import Region
from textual.strip import Strip

from assistant.tui.widgets.mixin import WidgetMixin


class Ground(WidgetMixin):
    """Has no border, no padding and no text of its own: a line of it is like every other.

    Textual renders all of them, though, and again whenever something grows in the container.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        return super().render_lines(Region(crop.x, crop.y, crop.width, 1)) * crop.height


class GroundContainer(Ground, Container):
    """A container with nothing of its own."""


class GroundVertical(Ground, Vertical):
    """A container with nothing of its own, whose children stand one below the other."""
