"""llama.cpp's C interface, as llama-cpp-python binds it, without the rest of that package.

The package imports its `Llama` class, and with it every chat format, numpy, Jinja and a cache on disk: a
quarter of a second, more than many a model takes to load. The C interface needs none of it.
"""

from indexer.standins import stand_in_for

stand_in_for("llama_cpp")

import llama_cpp.llama_cpp as llama  # noqa: E402 - what it stands below comes first

__all__ = ["llama"]
