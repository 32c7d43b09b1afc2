"""The thin client of the engine: finds or starts it, and streams its answers.

Standard library only, so that a face does not pay for what the engine imports.
The engine is started when something is asked of it, and started again after a
crash or when another model, other settings or another release of kb are wanted.
"""

from assistant.engine.client.engine import EngineClient
from assistant.engine.client.opening import forget_prompts, open_engine

__all__ = ["EngineClient", "forget_prompts", "open_engine"]
