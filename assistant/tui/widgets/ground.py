"""Containers of which nothing is seen but their ground, between and below what they hold."""

from typing import TYPE_CHECKING

from textual.containers import Container, Vertical
from textual.geometry import Region
from textual.strip import Strip

if TYPE_CHECKING:
    from textual.widget import Widget as _Base
else:
    # Textual takes styles and keys from the first base alone that is a widget.
    _Base = object


class Ground(_Base):
    """Has no border, no padding and no text of its own: a line of it is like every other.

    Textual renders all of them, though, and again whenever something grows in the container.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        return super().render_lines(Region(crop.x, crop.y, crop.width, 1)) * crop.height


class GroundContainer(Ground, Container):
    """A container with nothing of its own."""


class GroundVertical(Ground, Vertical):
    """A container with nothing of its own, whose children stand one below the other."""
