"""The config file written out: every key, its value and one line of explanation.

The explanations are the docstrings below the fields of the settings classes,
read from the source, so that code and example cannot drift apart.
"""

import ast
import inspect
import itertools
import json
import textwrap
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from assistant.config import Settings

_HEAD = (
    "# Settings of kb. Every key stands here with its default; delete what you do not change.\n"
    "# `kb config path` says where kb looks for this file, `kb config check` whether it holds.\n"
)


def example() -> str:
    """Return the config file that says every default."""
    return _HEAD + "\n" + render(Settings())


def render(settings: Settings) -> str:
    """Return a config file that says these settings."""
    return "\n".join(_render_section(name, getattr(settings, name)) for name in type(settings).model_fields)


def _render_section(name: str, section: BaseModel) -> str:
    kind = type(section)
    explained = _explanations(kind)
    about = _first_line(kind.__doc__ or "").partition(": ")[2]
    lines = [f"# {about[:1].upper()}{about[1:]}", f"[{name}]"]
    for key in kind.model_fields:
        allowed = _choices(kind, key)
        lines.append(f"# {explained[key]}" + (f" One of {allowed}." if allowed else ""))
        lines.append(f"{key} = {_toml(getattr(section, key))}")
    return "\n".join(lines) + "\n"


def _explanations(kind: type[BaseModel]) -> Mapping[str, str]:
    """Return the first line of the docstring below every field."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    found: dict[str, str] = {}
    for field, below in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            found[field.target.id] = _first_line(str(below.value.value))
    return found


def _choices(kind: type[BaseModel], key: str) -> str:
    annotation: Any = kind.model_fields[key].annotation
    if get_origin(annotation) is Literal:
        return ", ".join(map(str, get_args(annotation)))
    return ""


def _first_line(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].split())


def _toml(value: Any) -> str:
    """Write a value in TOML; strings as JSON, which is a subset of it."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, Mapping):
        pairs = ", ".join(
            f"{json.dumps(key, ensure_ascii=False)} = {_toml(each)}" for key, each in value.items()
        )
        return f"{{ {pairs} }}" if pairs else "{}"
    return json.dumps(value, ensure_ascii=False)
