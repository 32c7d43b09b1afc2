"""A folder that is edited at random, so that the whole sequence follows from a seed."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.vocabulary import common_words
from tests.indexer.extract.pdfs import pdf

SUFFIXES = (".md", ".md", ".txt", ".py", ".html", ".pdf")
FOLDERS = ("", "alpha", "alpha/deep", "beta", "gamma ß")
FEWEST, MOST = 25, 90
"""So many files there are about; below and above, the dice are loaded."""

LONG_SHARE = 0.15

T0_NS = 1_700_000_000_000_000_000


class Folder:
    """Two roots and a place outside them, filled and changed by dice.

    Args:
        base: Where all three are made.
        rng: The dice.
    """

    def __init__(self, base: Path, rng: random.Random) -> None:
        self._rng = rng
        self._words = common_words()
        self._count = 0
        self.roots = [base / "one", base / "two"]
        self._outside = base / "outside"
        for place in (*self.roots, self._outside):
            for name in FOLDERS:
                (place / name).mkdir(parents=True, exist_ok=True)
        self._edits: list[tuple[int, Callable[[], str]]] = [
            (6, self.create),
            (6, self._overwrite),
            (4, self._replace),
            (4, self._append),
            (3, self._truncate),
            (3, self._copy),
            (4, self._delete),
            (5, self._move),
            (2, self._swap),
            (1, self._touch),
            (2, self._move_folder),
            (1, self._fold_away),
            (1, self._take_in),
            (1, self._delete_folder),
        ]

    def edit(self) -> str:
        """Change something, and say what."""
        for root in self.roots:
            if not _files(root):
                # a root that is emptied is away, and keeps what was known of it: another story.
                return self.create(root)
        count = len(self.files())
        if count < FEWEST:
            return self.create()
        if count > MOST:
            return self._delete_folder() if self._rng.random() < 0.3 else self._delete()
        weights, edits = zip(*self._edits, strict=True)
        return str(self._rng.choices(edits, weights)[0]())

    def files(self) -> list[Path]:
        """List the files in both roots, in an order that does not hang on the disk."""
        return _files(*self.roots)

    def create(self, root: Path | None = None) -> str:
        """Write a new file."""
        path = self._new_path(self._rng.choice(SUFFIXES), root)
        path.write_bytes(self._content(path.suffix))
        return f"create {path}"

    def _overwrite(self) -> str:
        path = self._some_file()
        with path.open("r+b") as stream:
            stream.write(self._content(path.suffix))
            stream.truncate()
        return f"overwrite {path}"

    def _replace(self) -> str:
        path = self._some_file()
        beside = path.with_name(f".{path.name}.swp")
        beside.write_bytes(self._content(path.suffix))
        beside.replace(path)
        return f"replace {path}"

    def _append(self) -> str:
        path = self._some_file(not_pdf=True)
        with path.open("ab") as stream:
            stream.write(f"\n\n{self._paragraph()}\n".encode())
        return f"append {path}"

    def _truncate(self) -> str:
        path = self._some_file(not_pdf=True)
        os.truncate(path, self._rng.choice([0, path.stat().st_size // 2]))
        return f"truncate {path}"

    def _copy(self) -> str:
        path = self._some_file()
        copy = self._new_path(path.suffix)
        (shutil.copy2 if self._rng.random() < 0.5 else shutil.copy)(path, copy)
        return f"copy {path} {copy}"

    def _delete(self) -> str:
        path = self._some_file()
        path.unlink()
        return f"delete {path}"

    def _move(self) -> str:
        path = self._some_file()
        aim = self._some_file() if self._rng.random() < 0.2 else self._new_path(path.suffix)
        if aim.suffix == path.suffix:
            path.replace(aim)
        return f"move {path} {aim}"

    def _swap(self) -> str:
        one, other = self._some_file(), self._some_file()
        if one != other and one.suffix == other.suffix:
            between = one.with_name(f"between-{self._next()}{one.suffix}")
            one.replace(between)
            other.replace(one)
            between.replace(other)
        return f"swap {one} {other}"

    def _touch(self) -> str:
        path = self._some_file()
        os.utime(path, ns=(T0_NS, T0_NS + self._next()))
        return f"touch {path}"

    def _move_folder(self) -> str:
        folder = self._some_folder()
        aim = self._rng.choice(self.roots) / f"folder-{self._next()}"
        folder.replace(aim)
        return f"move folder {folder} {aim}"

    def _fold_away(self) -> str:
        folder = self._some_folder()
        aim = self._outside / f"folder-{self._next()}"
        folder.replace(aim)
        return f"move out {folder}"

    def _take_in(self) -> str:
        folders = sorted(path for path in self._outside.iterdir() if path.is_dir() and _files(path))
        if not folders:
            return self.create()
        folder = self._rng.choice(folders)
        aim = self._rng.choice(self.roots) / f"folder-{self._next()}"
        folder.replace(aim)
        return f"move in {folder} {aim}"

    def _delete_folder(self) -> str:
        folder = self._some_folder()
        shutil.rmtree(folder)
        return f"delete folder {folder}"

    def _some_file(self, *, not_pdf: bool = False) -> Path:
        files = [path for path in self.files() if not (not_pdf and path.suffix == ".pdf")]
        return self._rng.choice(files)

    def _some_folder(self) -> Path:
        """Choose a folder of a root, and leave at least one file elsewhere in every root."""
        folders = [
            Path(place)
            for root in self.roots
            for place, _, _ in sorted(os.walk(root))
            if Path(place) != root and len(_files(root)) > len(_files(Path(place)))
        ]
        if not folders:
            path = self.roots[0] / f"folder-{self._next()}"
            path.mkdir()
            return path
        return self._rng.choice(folders)

    def _new_path(self, suffix: str, root: Path | None = None) -> Path:
        folder = (root or self._rng.choice(self.roots)) / self._rng.choice(FOLDERS)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self._rng.choice(self._words)}-{self._next()}{suffix}"

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _sentence(self) -> str:
        words = " ".join(self._rng.choices(self._words, k=self._rng.randint(6, 18)))
        return f"{words.capitalize()} {self._next()}."

    def _paragraph(self) -> str:
        return " ".join(self._sentence() for _ in range(self._rng.randint(1, 6)))

    def _content(self, suffix: str) -> bytes:
        # some are long: Chroma writes its files anew only after a thousand vectors.
        length = self._rng.randint(40, 80) if self._rng.random() < LONG_SHARE else self._rng.randint(1, 8)
        paragraphs = [self._paragraph() for _ in range(length)]
        if suffix == ".md":
            return "\n\n".join(f"## Part {n}\n\n{text}" for n, text in enumerate(paragraphs)).encode()
        if suffix == ".py":
            parts = [f'def part_{n}():\n    """{text}"""\n' for n, text in enumerate(paragraphs)]
            return "\n\n".join(parts).encode()
        if suffix == ".html":
            return f"<html><body>{''.join(f'<p>{text}</p>' for text in paragraphs)}</body></html>".encode()
        if suffix == ".pdf":
            return pdf(*paragraphs)
        return "\n\n".join(paragraphs).encode()


def _files(*places: Path) -> list[Path]:
    return sorted(
        Path(folder, name)
        for place in places
        for folder, _, names in os.walk(place)
        for name in names
        if not name.endswith(".swp")
    )
