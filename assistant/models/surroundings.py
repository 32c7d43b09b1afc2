"""What whoever looks at models begins with: settings, shelves and what is known."""

from dataclasses import dataclass

from assistant.config import Settings
from assistant.engine.client import EngineClient
from assistant.engine.fit import Wishes
from assistant.engine.models import ModelFile, Shelf, list_models, list_shelves
from assistant.engine.models.finding import find_file
from assistant.engine.models.library import Library
from assistant.errors import EngineUnavailableError, ModelFileError, ModelNotFoundError
from indexer.config import load_settings
from indexer.paths import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """This person's settings and models."""

    places: Places
    settings: Settings
    shelves: tuple[Shelf, ...]

    @classmethod
    def discover(cls) -> "Surroundings":
        """Read the settings, and say where models may stand."""
        places = Places.discover()
        return cls.of(places, load_settings(places.config_file, Settings))

    @classmethod
    def of(cls, places: Places, settings: Settings) -> "Surroundings":
        """Say where models may stand for settings that are read already."""
        return cls(places=places, settings=settings, shelves=list_shelves(places, settings.model))

    def files(self) -> list[ModelFile]:
        """List every model there is."""
        return list(list_models(self.shelves))

    def configured(self) -> ModelFile | None:
        """Return the model that answers; `None` if there is none, or none that can be found."""
        if not self.settings.model.path:
            return None
        try:
            return find_file(self.settings.model.path, self.shelves)
        except (ModelNotFoundError, ModelFileError):
            return None

    def library(self) -> Library:
        """Open what is known of models; makes the directories that its children need."""
        self.places.create()
        model = self.settings.model
        wishes = Wishes(
            context_tokens=model.context_tokens,
            gpu_layers=model.gpu_layers,
            kv_type=model.kv_type,
            batch_tokens=model.batch_tokens,
        )
        return Library(
            kept_file=self.places.home / "models.json", work_dir=self.places.work_dir, wishes=wishes
        )

    def held_gpu_bytes(self) -> int:
        """Return what our own engine holds of the GPU; it would give way to another model."""
        try:
            return int(EngineClient(self.places).status().get("gpu_bytes", 0))
        except EngineUnavailableError:
            return 0
