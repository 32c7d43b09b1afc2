"""llama.cpp behind plain Python; the only package that imports `llama_cpp`.

It drives the C interface and not the `Llama` class, because that class keeps
the scores of a whole batch (311 MB for a vocabulary of 152,000), points file
descriptors 1 and 2 elsewhere for the whole process, and hides why a model does
not load.
"""

from assistant.engine.llama.devices import is_gpu_build, list_devices
from assistant.engine.llama.loading import load_model
from assistant.engine.llama.model import BATCH_TOKENS, Model

__all__ = ["BATCH_TOKENS", "Model", "is_gpu_build", "list_devices", "load_model"]
