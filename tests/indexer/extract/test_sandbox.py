"""Tests of reading files in a child, with real children and files that are too much for them."""

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL, Popen

import psutil
import pytest

from indexer.children import spawn_child
from indexer.chunking import chunk_document
from indexer.errors import PermanentError, TransientError
from indexer.extract import extract
from indexer.extract.__main__ import refuse
from indexer.extract.sandbox import Sandbox
from indexer.frames import read_frame, write_frame
from tests.indexer.extract.pdfs import encrypted, pdf
from tests.indexer.tokenizer import minilm_counter, tokenizer_file

NOTE = "---\ntitle: Cabin\n---\n# Red cabin\n\nBy the *lake* \u2014 naïve 🏠.\n"
# nesting this deep takes the parser far longer than the tests wait: its time grows with the square of it.
SLOW = "<div>" * 60_000


def sandbox(
    work_dir: Path,
    *,
    timeout_s: float = 60,
    memory_mb: int = 1024,
    tokenizer: Path | None = None,
    nice: int = 0,
    io_priority: str = "normal",
) -> Sandbox:
    return Sandbox(
        tokenizer_file=tokenizer or tokenizer_file(),
        capacity_tokens=220,
        timeout_s=timeout_s,
        memory_mb=memory_mb,
        work_dir=work_dir,
        nice=nice,
        io_priority=io_priority,
    )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One child for the tests that do it no harm."""
    with sandbox(tmp_path_factory.mktemp("empty")) as shared:
        yield shared


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_child_stands_back(tmp_path: Path) -> None:
    """It reads files when nobody else wants the processor or the disk, and so do its threads."""
    with sandbox(tmp_path, nice=7, io_priority="idle") as polite:
        polite.extract(write(tmp_path / "cabin.md", NOTE))
        child = psutil.Process(polite.child_pid)
        assert child.nice() == os.nice(0) + 7
        assert child.ionice().ioclass == psutil.IOPRIO_CLASS_IDLE
        for thread in Path(f"/proc/{child.pid}/task").iterdir():
            assert os.getpriority(os.PRIO_PROCESS, int(thread.name)) == os.nice(0) + 7


def test_what_comes_back_is_what_extraction_and_chunking_make(reader: Sandbox, tmp_path: Path) -> None:
    """The way through the child changes nothing."""
    file = write(tmp_path / "cabin.md", NOTE)
    document = extract(file, NOTE.encode())
    extracted = reader.extract(file)
    assert list(extracted.chunks) == chunk_document(document, counter=minilm_counter(), capacity_tokens=220)
    assert extracted.title == "Cabin"
    assert extracted.metadata == {"title": "Cabin"}
    assert (extracted.notes, extracted.pages_without_text) == ((), ())


def test_the_hash_is_of_the_bytes_that_were_read(reader: Sandbox, tmp_path: Path) -> None:
    """It is computed beside them, so that no change can come between."""
    extracted = reader.extract(write(tmp_path / "a.txt", b"na\xefve"))
    assert extracted.content_hash == hashlib.blake2b(b"na\xefve", digest_size=16).hexdigest()


def test_an_empty_file_has_no_chunks(reader: Sandbox, tmp_path: Path) -> None:
    """It is read, and there is nothing in it."""
    assert reader.extract(write(tmp_path / "a.md", "")).chunks == ()


def test_a_scan_reports_its_pages(reader: Sandbox, tmp_path: Path) -> None:
    """Pages without text come back by number."""
    assert reader.extract(write(tmp_path / "a.pdf", pdf("", "text", ""))).pages_without_text == (1, 3)


@pytest.mark.parametrize("name", ["with space", "Ünïcode 🏠", "new\nline"])
def test_any_file_name_passes(reader: Sandbox, tmp_path: Path, name: str) -> None:
    """Names are not interpreted on their way."""
    assert reader.extract(write(tmp_path / f"{name}.txt", "text")).title == name


def test_a_file_name_that_is_no_text_passes(reader: Sandbox, tmp_path: Path) -> None:
    """Bytes that are not UTF-8 name a file all the same; its title is made readable."""
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    extracted = reader.extract(write(file, "text"))
    assert extracted.title == "caf\ufffd"
    assert [chunk.text for chunk in extracted.chunks] == ["text"]


def test_the_child_is_reused(reader: Sandbox, tmp_path: Path) -> None:
    """Also after a file that could not be read."""
    reader.extract(write(tmp_path / "a.txt", "text"))
    pid = reader.child_pid
    with pytest.raises(PermanentError, match="the PDF is encrypted"):
        reader.extract(write(tmp_path / "locked.pdf", encrypted(pdf("text"), password="secret")))
    with pytest.raises(PermanentError, match="the PDF is damaged"):
        reader.extract(write(tmp_path / "damaged.pdf", pdf("text")[:99]))
    with pytest.raises(PermanentError, match="it looks binary"):
        reader.extract(write(tmp_path / "a.md", b"\0\1\2\3"))
    with pytest.raises(TransientError, match="it is gone"):
        reader.extract(tmp_path / "gone.txt")
    assert reader.child_pid == pid


def test_hints_pass_too(reader: Sandbox, tmp_path: Path) -> None:
    """What a person can do about it comes with the reason."""
    with pytest.raises(PermanentError) as caught:
        reader.extract(write(tmp_path / "locked.pdf", encrypted(pdf("text"), password="secret")))
    assert caught.value.hint == "save a copy without a password"


def test_many_threads_may_call(reader: Sandbox, tmp_path: Path) -> None:
    """Answers do not mix."""
    files = [write(tmp_path / f"{n}.txt", f"text {n}") for n in range(20)]
    texts: dict[Path, str] = {}

    def read(file: Path) -> None:
        texts[file] = reader.extract(file).chunks[0].text

    threads = [threading.Thread(target=read, args=(file,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {file: f"text {n}" for n, file in enumerate(files)}


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """The reason names the limit, and the next file is read by a new child."""
    slow, note = write(tmp_path / "slow.html", SLOW), write(tmp_path / "cabin.md", NOTE)
    with sandbox(tmp_path, timeout_s=0.5) as reader:
        with pytest.raises(PermanentError, match=r"^it took longer than 0\.5 s$"):
            reader.extract(slow)
        assert len(reader.extract(note).chunks) == 1


def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path: Path) -> None:
    """The reason names the limit, and the next file is read by a new child."""
    large, note = tmp_path / "large.txt", write(tmp_path / "cabin.md", NOTE)
    with large.open("wb") as stream:
        stream.truncate(300 << 20)
    with sandbox(tmp_path, memory_mb=128) as reader:
        reader.extract(note)
        with pytest.raises(PermanentError, match=r"^it needed more than 128 MB of memory$"):
            reader.extract(large)
        assert len(reader.extract(note).chunks) == 1


def test_a_native_crash_for_want_of_memory_is_survived(tmp_path: Path) -> None:
    """A page of many characters ends pdfium; the file is named, and the next one is read."""
    heavy = write(tmp_path / "heavy.pdf", pdf("\n".join(["x" * 200] * 20_000)))
    note = write(tmp_path / "cabin.md", NOTE)
    with sandbox(tmp_path, memory_mb=200) as reader:
        with pytest.raises(PermanentError, match="needed more than 200 MB of memory"):
            reader.extract(heavy)
        assert len(reader.extract(note).chunks) == 1


def test_a_child_that_is_killed_in_the_middle_of_a_file_is_replaced(tmp_path: Path) -> None:
    """Whoever kills it, the file is not at fault: it is tried once more, and then some other time."""
    slow, note = write(tmp_path / "slow.html", SLOW), write(tmp_path / "cabin.md", NOTE)
    with sandbox(tmp_path) as reader:
        killed: set[int] = set()

        def kill_when_busy() -> None:
            while len(killed) < 2:
                time.sleep(0.02)
                with contextlib.suppress(psutil.NoSuchProcess):
                    if (pid := reader.child_pid) not in {None, *killed}:
                        child = psutil.Process(pid)
                        if child.cpu_times().user > 0.5:
                            child.kill()
                            killed.add(child.pid)

        killer = threading.Thread(target=kill_when_busy)
        killer.start()
        with pytest.raises(TransientError, match=r"^the process that reads files was killed$"):
            reader.extract(slow)
        killer.join()
        assert len(reader.extract(note).chunks) == 1


def test_a_child_that_died_between_files_costs_no_file(tmp_path: Path) -> None:
    """The next file gets a second chance in a new child, and knows nothing of it."""
    note = write(tmp_path / "cabin.md", NOTE)
    with sandbox(tmp_path) as reader:
        reader.extract(note)
        first = reader.child_pid
        assert first is not None
        psutil.Process(first).kill()
        assert len(reader.extract(note).chunks) == 1
        assert reader.child_pid != first


def test_closing_ends_the_child(tmp_path: Path) -> None:
    """No process is left behind."""
    reader = sandbox(tmp_path)
    reader.extract(write(tmp_path / "a.txt", "text"))
    pid = reader.child_pid
    reader.close()
    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert reader.child_pid is None


def test_closing_breaks_off_a_slow_file(tmp_path: Path) -> None:
    """A daemon that is told to stop stops, and reads the file again some other time."""
    reader = sandbox(tmp_path)
    reader.extract(write(tmp_path / "a.txt", "text"))
    slow = write(tmp_path / "slow.html", SLOW)
    errors: list[str] = []

    def read() -> None:
        try:
            reader.extract(slow)
        except TransientError as error:
            errors.append(error.message)

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.3)
    reader.close()
    thread.join(10)
    assert errors == ["reading it was broken off"]
    assert reader.child_pid is None


def test_a_child_that_cannot_start_is_no_fault_of_the_file(tmp_path: Path) -> None:
    """It is tried again later."""
    with (
        sandbox(tmp_path, tokenizer=tmp_path / "none.json") as reader,
        pytest.raises(TransientError, match=r"^the process that reads files does not start$"),
    ):
        reader.extract(write(tmp_path / "a.txt", "text"))


def started_child(work_dir: Path) -> Popen[bytes]:
    child = spawn_child(
        "indexer.extract", [str(tokenizer_file()), "220", "1024"], work_dir=work_dir, stderr=DEVNULL
    )
    assert child.stdout is not None
    assert read_frame(child.stdout)[0] == {"ready": True}
    return child


def test_a_system_without_room_for_a_child_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many processes or files pass; the file is tried again."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("indexer.extract.sandbox.spawn_child", refuse)
    with (
        sandbox(tmp_path) as reader,
        pytest.raises(TransientError, match=r"^the process that reads files does not start$"),
    ):
        reader.extract(write(tmp_path / "a.txt", "text"))


def test_the_child_ends_when_its_input_closes(tmp_path: Path) -> None:
    """A parent that is killed leaves nothing behind."""
    with started_child(tmp_path) as child:
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(10) == 0


def test_the_child_ends_in_the_middle_of_a_file_when_its_input_closes(tmp_path: Path) -> None:
    """It does not finish work that nobody waits for."""
    slow = write(tmp_path / "slow.html", SLOW)
    with started_child(tmp_path) as child:
        assert child.stdin is not None
        write_frame(child.stdin, {"path": str(slow), "timeout_s": 60})
        time.sleep(0.3)
        child.stdin.close()
        assert child.wait(10) == 0


@pytest.mark.parametrize("event", ["socket.connect", "subprocess.Popen", "os.system", "os.exec", "os.fork"])
def test_reading_a_file_reaches_nothing_outside(event: str) -> None:
    """No document can make the child open a connection or start a program."""
    with pytest.raises(PermissionError, match=event):
        refuse(event, ())


def test_opening_files_is_allowed() -> None:
    """Only what reading needs is left."""
    refuse("open", ("/a", "r", 0))
