"""What the screens stand on."""

from assistant.config import Settings
from assistant.history import History
from assistant.tui.backend import Backend
from tests.assistant.history.test_history import turn
from tests.homes import short_home


def test_earlier_questions_come_from_the_history() -> None:
    """None where none is kept, which makes no history."""
    with short_home() as places:
        backend = Backend(places, Settings())
        assert backend.earlier_questions() == []
        assert not places.history_file.exists()
        with History.open(places.history_file) as history:
            history.add(turn("rent?"))
        assert backend.earlier_questions() == ["rent?"]
        backend.close()
