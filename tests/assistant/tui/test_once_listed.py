"""What is done with a list once it lists what was typed."""

from assistant.tui.once_listed import OnceListed


def test_what_keys_do_waits_for_what_was_typed_before_them() -> None:
    """In their order; what other letters had found does not count."""
    done: list[str] = []
    once = OnceListed()
    once.typed("re")
    once.do(lambda: done.append("down"))
    once.do(lambda: done.append("open"))
    once.listed("r")
    assert done == []
    once.listed("re")
    assert done == ["down", "open"]
    once.do(lambda: done.append("up"))
    assert done == ["down", "open", "up"]


def test_whoever_types_on_or_leaves_wants_nothing_of_before() -> None:
    """What is held back is forgotten."""
    done: list[str] = []
    once = OnceListed()
    once.typed("re")
    once.do(lambda: done.append("open"))
    once.typed("ren")
    once.listed("ren")
    once.typed("rent")
    once.do(lambda: done.append("open"))
    once.forget()
    once.listed("rent")
    assert done == []
