"""What the screens stand on: the daemon, whoever writes the answers, and the history.

No Textual here. Whatever is not said to be quick may block, and is called in a thread.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from indexer.errors import EngineError
from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.config import Settings
    from assistant.conversations import Talk
    from assistant.engine.client import EngineClient
    from assistant.engine.models import ModelFile
    from assistant.engine.remote import RemoteClient
    from assistant.history import History
    from assistant.models.choosing import Choice
    from assistant.models.surroundings import Surroundings
    from indexer.client import IndexerClient
    from indexer.types import Offer

# deferred, in every method: the app is painted before anything of this is loaded.

RECALLED = 2_000
"""Earlier questions that the prompt offers."""


class Backend:
    """One person's daemon, engine and history; safe to use from any thread.

    Args:
        places: Where kb lives.
        settings: The whole config; `None` reads it from its file when it is first asked for.
    """

    def __init__(self, places: Places, settings: "Settings | None" = None) -> None:
        self.places = places
        self._settings = settings
        self._lock = threading.Lock()
        self._history: History | None = None

    @property
    def settings(self) -> "Settings":
        """The whole config; replaced as a whole where the person changes it in the app.

        Raises:
            ConfigError: If its file cannot be honoured.
        """
        if self._settings is None:
            from assistant.config import Settings
            from indexer.config import load_settings

            self._settings = load_settings(self.places.config_file, Settings)
        return self._settings

    @settings.setter
    def settings(self, changed: "Settings") -> None:
        self._settings = changed

    @property
    def has_model(self) -> bool:
        """Whether anybody is named who writes answers; quick."""
        from assistant.generators import has_generator

        return has_generator(self.settings)

    @property
    def model_name(self) -> str:
        """What the model, or the server, is called; empty for none; quick."""
        model = self.settings.model
        return (model.url_model or model.url) if model.url else model.path.rpartition("/")[2]

    def now(self) -> float:
        """Return the seconds since the epoch; quick."""
        return time.time()

    def index(self) -> "IndexerClient":
        """Return a client of the daemon, which is started if it is not there.

        Raises:
            KbError: As `indexer.client.connect`.
        """
        from indexer.client import connect

        return connect(self.places)

    def offers(self, name: str, typed: str) -> Sequence["Offer"]:
        """Return what a filter that is being typed may become.

        Args:
            name: Of the filter.
            typed: What stands behind its colon.

        Raises:
            KbError: As `IndexerClient.offers`.
        """
        return self.index().offers(name, typed)

    def forget_folder(self, folder: Path) -> int:
        """Forget a folder, and what the model read of it last; return how many files were forgotten.

        Raises:
            KbError: If it is not indexed, or the daemon does not answer.
        """
        # deferred: folders are rarely forgotten.
        from assistant.engine.client import forget_prompts

        count = self.index().remove_root(folder)
        forget_prompts(self.places)
        return count

    def writer(self, *, is_private: bool = False) -> Union["EngineClient", "RemoteClient", None]:
        """Return whoever writes the answers, on its way if not loaded; `None` for the files' own words.

        Args:
            is_private: Whether nothing of what is asked may be written to the disk.

        Raises:
            KbError: As `assistant.generators.open_generator`.
        """
        if not self.has_model:
            return None
        from assistant.generators import open_generator

        is_kept = self.settings.history.keep and not is_private
        return open_generator(self.places, self.settings, is_private=not is_kept)

    def surroundings(self) -> "Surroundings":
        """Return where models may stand by the settings as they are now."""
        from assistant.models.surroundings import Surroundings

        return Surroundings.of(self.places, self.settings)

    def use_model(self, file: "ModelFile") -> "Choice":
        """Answer with a model from now on, here and in every other face.

        Raises:
            ModelFileError: If it cannot answer; nothing has changed then.
            ConfigError: If the config file cannot be changed.
        """
        from assistant.models.choosing import choose

        choice = choose(self.surroundings(), file)
        model = self.settings.model.model_copy(update={"path": choice.value})
        self.settings = self.settings.model_copy(update={"model": model})
        return choice

    def chat_models(self) -> list[tuple[str, "ModelFile"]]:
        """List the models that may answer: in a few words, and the file; whether they load is not tried.

        Raises:
            ConfigError: If the config cannot be honoured.
        """
        from assistant.engine.models.cards import read_card
        from assistant.models.wording import size

        cards = [read_card(file) for file in self.surroundings().files()]
        return [
            (
                ", ".join(filter(None, (card.file.name, card.size_label, size(card.file.size_bytes)))),
                card.file,
            )
            for card in cards
            if card.kind == "chat" and not card.trouble
        ]

    def load_model(self) -> None:
        """Have whoever answers get ready, and return when that is done; an engine with another model leaves.

        Raises:
            KbError: Why it cannot answer.
        """
        writer = self.writer()
        if writer is not None:
            writer.wait_ready()

    def free_model(self) -> bool:
        """End the engine, which frees its memory; tells whether there was one.

        Raises:
            EngineError: If it cannot be ended.
        """
        from assistant.engine.client import EngineClient

        return EngineClient(self.places).stop()

    def engine_status(self) -> "Mapping[str, Any] | None":
        """Return what the engine says of itself; `None` while there is none, and none is started.

        An engine that is too busy to say anything counts as none.
        """
        from assistant.engine.client import EngineClient

        try:
            return EngineClient(self.places).status()
        except EngineError:
            return None

    def history(self) -> "History":
        """Return the open history.

        Raises:
            HistoryError: If it cannot be opened.
        """
        from assistant.history import History

        with self._lock:
            if self._history is None:
                self.places.create()
                self._history = History.open(self.places.history_file)
            return self._history

    def earlier_questions(self) -> list[str]:
        """List what was asked before, the oldest first; makes no history where none is.

        Raises:
            HistoryError: If it cannot be read.
        """
        if not self.places.history_file.exists():
            return []
        return self.history().questions(limit=RECALLED)

    def talk(self, conversation: int | None = None, *, is_private: bool = False) -> "Talk":
        """Begin a conversation, or go on with one that is kept.

        Raises:
            UsageError: If there is no such conversation.
            HistoryError: If the history cannot be read.
        """
        from assistant.conversations import open_talk

        return open_talk(self.places, self.settings.history, conversation=conversation, is_private=is_private)

    def close(self) -> None:
        """Let go of everything; daemon and engine go on."""
        with self._lock:
            if self._history is not None:
                self._history.close()
                self._history = None
