"""Modules of a package without what the package imports beside them."""

import importlib.util
import sys
from types import ModuleType
from typing import Any


def stand_in_for(package: str) -> ModuleType:
    """Make the modules of a package importable without running the package's own code.

    That runs once somebody asks the package for something that it has not got, so that whoever imports it as
    usual finds it as usual.

    Returns:
        What stands in for it; the package itself if that is imported already.

    Raises:
        ModuleNotFoundError: If it is not installed.
    """
    if package in sys.modules:
        return sys.modules[package]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    loader = spec.loader
    module = importlib.util.module_from_spec(spec)

    def become_real(name: str) -> Any:
        if module.__dict__.pop("__getattr__", None) is not None:
            loader.exec_module(module)
        return getattr(module, name)

    module.__dict__["__getattr__"] = become_real
    sys.modules[package] = module
    return module
