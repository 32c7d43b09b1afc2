"""The files of a repository → the models among them, and the one to take; pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.errors import DownloadError

_PART = re.compile(r"-(\d{5})-of-(\d{5})$")
_QUANTISATION = re.compile(
    r"(?:^|[-._/])((?:UD-)?(?:I?Q\d_[A-Z0-9_]+|TQ\d_\d|BF16|F(?:P)?(?:16|32)|MXFP4(?:_[A-Z]+)?|NVFP4))$",
    re.IGNORECASE,
)
_NOT_CHAT = ("mmproj", "ggml-vocab", "imatrix")
"""File names that begin so hold an image projector, a bare vocabulary, or statistics."""

COMMON = frozenset(
    {"Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "Q4_0", "IQ4_XS", "MXFP4", "MXFP4_MOE", "Q3_K_M"}
)
"""What is chosen by itself.

Smaller ones lose much of what a model can, and the unquantised ones are slow and no better in an answer.
"""

_ROOM_SHARE = 1.05
_ROOM_BYTES = 1_000_000_000
"""Beside its weights a model needs room for the context and for what is computed."""

_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """One file of a repository."""

    path: str
    size_bytes: int
    sha256: str
    """Empty if the hub does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One model of a repository, in one file or several."""

    name: str
    """Path without suffix and number of the part."""

    quantisation: str
    """In upper case; empty if its name does not say."""

    files: tuple[HubFile, ...]
    """In the order of their numbers."""

    is_whole: bool
    """Whether all parts are there."""

    @property
    def size_bytes(self) -> int:
        """Of all parts."""
        return sum(file.size_bytes for file in self.files)

    @property
    def stem(self) -> str:
        """What all quantisations of one model share in their names."""
        return _QUANTISATION.sub("", self.name.rpartition("/")[2]).lower()


def list_offers(files: Iterable[HubFile]) -> list[Offer]:
    """Group the files of a repository into models that can be chosen, largest first."""
    groups: dict[str, list[HubFile]] = {}
    for file in sorted(files, key=lambda file: file.path):
        name, dot, suffix = file.path.rpartition(".")
        if dot and suffix.lower() == "gguf" and not name.rpartition("/")[2].lower().startswith(_NOT_CHAT):
            groups.setdefault(_PART.sub("", name), []).append(file)
    offers = [_offer(name, parts) for name, parts in groups.items()]
    return sorted(offers, key=lambda offer: (-offer.size_bytes, offer.name))


def _offer(name: str, files: Sequence[HubFile]) -> Offer:
    part = _PART.search(files[0].path.rpartition(".")[0])
    found = _QUANTISATION.search(name)
    if found is None:
        # some name the folder only: "Q8_0/model-00001-of-00002.gguf".
        found = _QUANTISATION.search(name.rpartition("/")[0])
    return Offer(
        name=name,
        quantisation=found[1].upper() if found else "",
        files=tuple(files),
        is_whole=len(files) == (int(part[2]) if part else 1),
    )


def needed_bytes(size_bytes: int) -> int:
    """Estimate the memory that a model needs whose file is so large."""
    return int(size_bytes * _ROOM_SHARE) + _ROOM_BYTES


def choose_file(files: Sequence[HubFile], *, repository: str, path: str) -> Offer:
    """Take the model that a file belongs to; a projector or the like stands for itself.

    Raises:
        DownloadError: If there is no such file, or parts of it are missing.
    """
    for offer in list_offers(files):
        if any(file.path == path for file in offer.files):
            return _whole(offer, repository)
    for file in files:
        if file.path == path:
            return Offer(name=path, quantisation="", files=(file,), is_whole=True)
    raise _unclear(f"there is no file {path} in {repository}", list_offers(files), by_name=True)


def choose(
    files: Sequence[HubFile], *, repository: str, quantisation: str, memories_bytes: Sequence[int]
) -> Offer:
    """Take the model of a quantisation, or else the largest common one that fits.

    Args:
        files: Everything in the repository.
        repository: Its name, for messages.
        quantisation: In any case; empty to choose by size.
        memories_bytes: The memories that could hold the model, the one preferred first.

    Raises:
        DownloadError: Naming what is there, if nothing or more than one thing can be meant.
    """
    offers = list_offers(files)
    if not offers:
        raise DownloadError(
            f"{repository} holds no GGUF file",
            hint='models in other formats have a "-GGUF" repository beside them most of the time',
        )
    if quantisation:
        wanted = quantisation.upper()
        matches = [offer for offer in offers if offer.quantisation == wanted]
        # what some publishers call UD-Q4_K_XL is meant by Q4_K_XL as well.
        matches = matches or [offer for offer in offers if offer.quantisation == f"UD-{wanted}"]
        if not matches:
            raise _unclear(f"{repository} holds no {quantisation}", offers)
        return _whole(_only(matches, repository), repository)
    if len({offer.stem for offer in offers}) > 1:
        raise _unclear(f"{repository} holds several models", offers, by_name=True)
    # where there is nothing common, as of a model with a single file, the largest that fits must do.
    common = [offer for offer in offers if offer.quantisation in COMMON] or offers
    for memory in memories_bytes:
        fitting = [offer for offer in common if needed_bytes(offer.size_bytes) <= memory]
        if fitting:
            largest = [offer for offer in fitting if offer.quantisation == fitting[0].quantisation]
            return _whole(_only(largest, repository), repository)
    memory = max(memories_bytes, default=0)
    raise _unclear(
        f"nothing in {repository} fits the {memory / 1e9:.1f} GB of memory of this machine", offers
    )


def _only(offers: Sequence[Offer], repository: str) -> Offer:
    if len(offers) > 1:
        raise _unclear(
            f"{repository} holds {len(offers)} models in {offers[0].quantisation}", offers, by_name=True
        )
    return offers[0]


def _whole(offer: Offer, repository: str) -> Offer:
    if not offer.is_whole:
        raise DownloadError(f"of {offer.name} in {repository} parts are missing")
    return offer


def _unclear(message: str, offers: Sequence[Offer], *, by_name: bool = False) -> DownloadError:
    names = [
        (offer.files[0].path if by_name or not offer.quantisation else offer.quantisation)
        + f" ({offer.size_bytes / 1e9:.1f} GB)"
        for offer in offers
    ]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    there = f"; there are {', '.join(names[:_SHOWN])}{more}" if names else ""
    hint = "name one, as in `kb models pull owner/name/file.gguf`" if by_name else "choose one with --quant"
    return DownloadError(message + there, hint=hint if names else "")
