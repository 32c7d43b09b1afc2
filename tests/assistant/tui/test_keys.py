"""Names of bindings, as the config may use them, and of keys."""

import pytest

from assistant.tui.keys import all_bindings, key_name, load_screens, troubles

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
