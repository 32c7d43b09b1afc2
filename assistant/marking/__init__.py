"""An answer as a model writes it → the answer as it is shown, its marks made right; pure."""

from assistant.marking.text import Doubt, MarkedText

__all__ = ["Doubt", "MarkedText"]
