"""What the licences of open-weight models allow, in one word; pure.

The word is an orientation for whoever chooses a model, and no legal advice. A
licence that is not in the table is called unknown, and its own name is shown.
"""

import re
from dataclasses import dataclass
from typing import Literal

Allows = Literal["free", "conditions", "non-commercial", "unknown"]
"""What one may do with a model.

free: use for anything, at most with the makers named or changes passed on;
conditions: commercial use too, within limits of users, revenue, field or place;
non-commercial: private use and research only.
"""


@dataclass(frozen=True, slots=True)
class Licence:
    """The licence of a model."""

    name: str
    """As people write it; empty if nothing is said."""

    allows: Allows
    link: str = ""


UNKNOWN = Licence("", "unknown")

_TABLE: dict[str, tuple[str, Allows]] = {
    "apache-2.0": ("Apache 2.0", "free"),
    "mit": ("MIT", "free"),
    "mit-0": ("MIT-0", "free"),
    "bsd": ("BSD", "free"),
    "bsd-2-clause": ("BSD 2-Clause", "free"),
    "bsd-3-clause": ("BSD 3-Clause", "free"),
    "isc": ("ISC", "free"),
    "zlib": ("zlib", "free"),
    "unlicense": ("Unlicense", "free"),
    "wtfpl": ("WTFPL", "free"),
    "afl-3.0": ("AFL 3.0", "free"),
    "cc0-1.0": ("CC0", "free"),
    "cc-by-3.0": ("CC BY 3.0", "free"),
    "cc-by-4.0": ("CC BY 4.0", "free"),
    "cc-by-sa-3.0": ("CC BY-SA 3.0", "free"),
    "cc-by-sa-4.0": ("CC BY-SA 4.0", "free"),
    "cdla-permissive-2.0": ("CDLA Permissive 2.0", "free"),
    "openmdw-1.0": ("OpenMDW 1.0", "free"),
    "gpl-3.0": ("GPL 3.0", "free"),
    "lgpl-3.0": ("LGPL 3.0", "free"),
    "agpl-3.0": ("AGPL 3.0", "free"),
    "mpl-2.0": ("MPL 2.0", "free"),
    "llama2": ("Llama 2 Community", "conditions"),
    "llama3": ("Llama 3 Community", "conditions"),
    "llama3.1": ("Llama 3.1 Community", "conditions"),
    "llama3.2": ("Llama 3.2 Community", "conditions"),
    "llama3.3": ("Llama 3.3 Community", "conditions"),
    "llama4": ("Llama 4 Community", "conditions"),
    "gemma": ("Gemma Terms of Use", "conditions"),
    "deepseek": ("DeepSeek Model", "conditions"),
    "glm-4": ("GLM-4", "conditions"),
    "qwen": ("Qwen", "conditions"),
    "qwen-research": ("Qwen Research", "non-commercial"),
    "mrl": ("Mistral Research", "non-commercial"),
    "mnpl": ("Mistral Non-Production", "non-commercial"),
    "modified-mit": ("Modified MIT", "conditions"),
    "falcon-llm": ("Falcon LLM", "conditions"),
    "hunyuan": ("Tencent Hunyuan Community", "conditions"),
    "minimax": ("MiniMax Model", "conditions"),
    "nvidia-open-model": ("NVIDIA Open Model", "conditions"),
    "lfm1.0": ("LFM Open 1.0", "conditions"),
    "jamba": ("Jamba Open Model", "conditions"),
    "stabilityai-community": ("Stability AI Community", "conditions"),
    "health-ai": ("Health AI Developer Foundations", "conditions"),
    "yi": ("Yi", "conditions"),
    "exaone": ("EXAONE", "non-commercial"),
    "bigscience-bloom-rail-1.0": ("BLOOM RAIL 1.0", "conditions"),
    "bigscience-openrail-m": ("OpenRAIL-M", "conditions"),
    "bigcode-openrail-m": ("BigCode OpenRAIL-M", "conditions"),
    "openrail": ("OpenRAIL", "conditions"),
    "openrail++": ("OpenRAIL++", "conditions"),
    "apple-ascl": ("Apple Sample Code", "conditions"),
    "apple-amlr": ("Apple ML Research", "non-commercial"),
    "intel-research": ("Intel Research", "non-commercial"),
    "cc-by-nc-4.0": ("CC BY-NC 4.0", "non-commercial"),
}

_OTHER_NAMES = (
    # in this order: what is narrower comes first.
    (r"llama[\s_-]*(?:version\s*)?(4|3\.3|3\.2|3\.1|3|2)\b", r"llama\1"),
    (r"(?:qwen|tongyi[\s-]*qianwen)[\s\w.-]*research", "qwen-research"),
    (r"\bqwen\b|tongyi[\s-]*qianwen", "qwen"),
    (r"mistral[\s\w-]*research|\bmrl\b", "mrl"),
    (r"mistral[\s\w-]*non-production|\bmnpl\b", "mnpl"),
    (r"gemma", "gemma"),
    (r"deepseek", "deepseek"),
    (r"\bglm-4", "glm-4"),
    (r"modified[\s-]*mit", "modified-mit"),
    (r"falcon", "falcon-llm"),
    (r"hunyuan", "hunyuan"),
    (r"minimax", "minimax"),
    (r"nvidia[\s-]*open[\s-]*model", "nvidia-open-model"),
    (r"\blfm", "lfm1.0"),
    (r"jamba", "jamba"),
    (r"exaone", "exaone"),
    (r"stability[\s-]*ai[\s\w-]*community", "stabilityai-community"),
    (r"health ai developer", "health-ai"),
    (r"\byi[\s-]licen[cs]e", "yi"),
    (r"apache[\s-]*(?:licen[cs]e)?[\s,-]*(?:version)?\s*2", "apache-2.0"),
    (r"\bmit\b[\s-]*licen[cs]e|permission is hereby granted, free of charge", "mit"),
    (r"attribution-noncommercial|\bcc[\s-]by[\s-]nc", "cc-by-nc-4.0"),
    (r"attribution 4\.0", "cc-by-4.0"),
)
"""How licences are spelled in names and at the beginning of their texts."""

_NON_COMMERCIAL = re.compile(r"\bnc\b|non[\s-]*commercial|research[\s-]*only|\bresearch\b", re.IGNORECASE)
_HEADING_CHARS = 1500
"""The name of a licence stands at its beginning; further down others are mentioned."""


def licence_of(identifier: object, name: object = "", link: object = "") -> Licence:
    """Name a licence by what a GGUF says in `general.license`, `.license.name` and `.license.link`.

    Args:
        identifier: "apache-2.0"; "other" means that the name says it.
        name: Free text.
        link: Where the licence stands.
    """
    words = [str(each).strip() for each in (identifier, name) if isinstance(each, str) and each.strip()]
    where = link.strip() if isinstance(link, str) else ""
    for word in words:
        if known := _TABLE.get(word.lower()):
            return Licence(*known, link=where)
    for word in words:
        if (found := _spelled(word)) is not None:
            return Licence(*found, link=where)
    named = next((word for word in reversed(words) if word.lower() not in {"other", "unknown"}), "")
    if not named:
        return Licence("", "unknown", link=where)
    allows: Allows = "non-commercial" if _NON_COMMERCIAL.search(named.replace("_", " ")) else "unknown"
    return Licence(" ".join(named.split())[:60], allows, link=where)


def licence_of_text(text: str) -> Licence:
    """Name a licence by its text."""
    found = _spelled(" ".join(text[:_HEADING_CHARS].split()))
    return Licence(*found) if found else UNKNOWN


def _spelled(text: str) -> tuple[str, Allows] | None:
    """Find the licence whose name stands first in a text."""
    best: tuple[int, int, str] | None = None
    for rank, (pattern, meant) in enumerate(_OTHER_NAMES):
        if match := re.search(pattern, text, re.IGNORECASE):
            candidate = (match.start(), rank, match.expand(meant))
            best = candidate if best is None else min(best, candidate)
    return _TABLE[best[2]] if best else None
