"""Names of bindings, as the config may use them, and of keys."""

import pytest

from assistant.tui.keys import all_bindings, dialog_bindings, is_key, key_name, load_screens, troubles

APP = {"app.help": "f1", "app.library": "f5", "app.models": "f6"}


def test_every_screen_names_what_its_keys_do() -> None:
    """Whatever has a key can be given another one."""
    load_screens()
    names = {name for bindings in all_bindings() for name in bindings}
    assert {"app.help", "app.search", "help.close"} <= names


def test_what_is_right_is_no_trouble() -> None:
    """Several keys, and keys that something else gives up."""
    assert troubles({"app.help": "f1,ctrl+h", "app.library": "f6", "app.models": "f5"}, [APP]) == []


def test_the_same_key_means_one_thing_in_one_place() -> None:
    """Two screens may use it for different things, but not one for what works everywhere."""
    assert troubles({"app.library": "f6"}, [APP]) == [
        "[tui] keys: 'app.library' and 'app.models' have the same key, f6"
    ]
    ask, search = {"ask.back": "escape", "ask.private": "f7"}, {"search.open": "enter"}
    assert troubles({"search.open": "f7"}, [APP, ask, search]) == []
    assert troubles({"app.library": "f7"}, [APP, ask, search]) == [
        "[tui] keys: 'app.library' and 'ask.private' have the same key, f7"
    ]
    assert troubles({"search.open": ""}, [APP, ask, search]) == []


def test_a_misspelt_name_is_said_with_the_nearest() -> None:
    """A name that nothing has would change nothing, in silence."""
    assert troubles({"app.hlep": "f9"}, [APP]) == [
        "[tui] keys: nothing is called 'app.hlep'; did you mean 'app.help'?"
    ]


def test_a_dialog_may_have_a_key_of_the_app() -> None:
    """It takes every key while it is open: F1 closes the help that F1 opens."""
    load_screens()
    assert troubles({"app.help": "f1,ctrl+b"}, all_bindings(), dialog_bindings()) == []


def test_every_key_of_an_action_counts() -> None:
    """Also the first of several, and those that a class has from another of ours."""
    load_screens()
    assert troubles({"conversations.rename": "d"}, all_bindings(), dialog_bindings()) == [
        "[tui] keys: 'conversations.rename' and 'conversations.delete' have the same key, d"
    ]
    assert troubles({"prompt.submit": "tab"}, all_bindings(), dialog_bindings()) == [
        "[tui] keys: 'filter.complete' and 'prompt.submit' have the same key, tab"
    ]


def test_a_key_that_is_none_is_said() -> None:
    """Nothing would happen, in silence."""
    assert troubles({"app.help": "f1,notakey"}, [APP]) == [
        "[tui] keys: 'notakey' of 'app.help' is no key, as ctrl+n, f7 and slash are"
    ]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("a", True),
        ("f7", True),
        ("ctrl+n", True),
        ("ctrl+shift+left", True),
        ("question_mark", True),
        ("ctrl+right_square_bracket", True),
        ("+", True),
        ("pageup", True),
        ("Ctrl+N", False),
        ("control+n", False),
        ("pagedwon", False),
    ],
)
def test_keys_have_the_names_that_textual_gives_them(name: str, is_one: bool) -> None:
    """With modifiers, and for signs by their Unicode names."""
    assert is_key(name) == is_one


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ctrl+c", "Ctrl+C"),
        ("f1", "F1"),
        ("shift+tab", "Shift+Tab"),
        ("escape", "Esc"),
        ("left_square_bracket", "["),
        ("y", "y"),
        ("up", "↑"),
    ],
)
def test_keys_are_written_as_on_a_keyboard(key: str, name: str) -> None:
    """Textual's own names are for programs."""
    assert key_name(key) == name
