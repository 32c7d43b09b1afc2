"""The colours: light, dark, high contrast, and those of the terminal."""

from textual.theme import BUILTIN_THEMES, Theme

from indexer.errors import ConfigError

DARK = Theme(
    name="kb-dark",
    primary="#7aa2f7",
    secondary="#9ece6a",
    accent="#e0af68",
    warning="#e0af68",
    error="#f7768e",
    success="#9ece6a",
    foreground="#d5d9e8",
    background="#16181f",
    surface="#1c1f29",
    panel="#262a37",
    dark=True,
)

LIGHT = Theme(
    name="kb-light",
    primary="#2f5fb3",
    secondary="#3f6d1c",
    accent="#8a5a00",
    warning="#8a5a00",
    error="#b3243c",
    success="#3f6d1c",
    foreground="#22262f",
    background="#fbfaf7",
    surface="#f2f0ea",
    panel="#e6e3da",
    dark=False,
)

CONTRAST = Theme(
    name="kb-contrast",
    primary="#ffff00",
    secondary="#00ffff",
    accent="#ffff00",
    warning="#ffff00",
    error="#ff8080",
    success="#80ff80",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#404040",
    boost="#202020",
    dark=True,
    text_alpha=1.0,
    variables={
        "border": "#ffffff",
        "border-blurred": "#c0c0c0",
        "block-cursor-foreground": "#000000",
        "block-cursor-background": "#ffff00",
        "footer-key-foreground": "#ffff00",
        "input-selection-background": "#0050ff",
    },
)

THEMES = (DARK, LIGHT, CONTRAST)
"""Our own."""

NAMES = {
    "dark": DARK.name,
    "light": LIGHT.name,
    "contrast": CONTRAST.name,
    "terminal": "ansi-dark",
    "terminal-light": "ansi-light",
}
"""What a theme is called in the config → Textual's name of it."""


def theme_name(configured: str) -> str | None:
    """Return Textual's name of a theme from the config; `None` if there is none of that name."""
    name = NAMES.get(configured, configured)
    return name if name in BUILTIN_THEMES or name in {theme.name for theme in THEMES} else None


def is_terminals(name: str) -> bool:
    """Tell whether a theme, by Textual's name, has the colours of the terminal."""
    return name in BUILTIN_THEMES and BUILTIN_THEMES[name].ansi


def check_theme(configured: str) -> None:
    """Raise a `ConfigError` if there is no theme of that name."""
    if theme_name(configured) is None:
        raise ConfigError(
            f"[tui] theme = {configured!r} is no theme",
            hint=f"take one of {', '.join(NAMES)}, or one of Textual: {', '.join(sorted(BUILTIN_THEMES))}",
        )
