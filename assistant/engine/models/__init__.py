"""The library of models: what stands on this machine, under which names, and what is known of it.

Standard library only, because the thin client looks up names here. `shelves`
says where programs keep models, `files` which files stand there, `cards` what
each of them is, and `kept` remembers what only a child process can find out.
"""

from assistant.engine.models.files import ModelFile, list_models, model_name
from assistant.engine.models.finding import find_file, find_model
from assistant.engine.models.kept import Bench, Kept, Verdict
from assistant.engine.models.kinds import Kind, check_chat, kind_of
from assistant.engine.models.shelves import Shelf, list_shelves

__all__ = [
    "Bench",
    "Kept",
    "Kind",
    "ModelFile",
    "Shelf",
    "Verdict",
    "check_chat",
    "find_file",
    "find_model",
    "kind_of",
    "list_models",
    "list_shelves",
    "model_name",
]
