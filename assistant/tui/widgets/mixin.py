"""What a class is made of that changes how widgets of several kinds work."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.widget import Widget as WidgetMixin
else:
    # Textual takes styles and keys from the first base alone that is a widget.
    WidgetMixin = object

__all__ = ["WidgetMixin"]
