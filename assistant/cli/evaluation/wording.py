"""Figures of an evaluation as people read them; pure."""


def share(value: float) -> str:
    """Write a value from 0 to 1 with three digits: ".845", "1.000"."""
    return f"{value:.3f}".removeprefix("0")


def signed(value: float) -> str:
    """Write a difference of such values: "+.012", "-.100"."""
    return f"{'-' if value < 0 else '+'}{share(abs(value))}"


def milliseconds(value: float) -> str:
    """Write a time: "21 ms", "1.4 s", "12 s"."""
    if value < 999.5:
        return f"{value:.0f} ms"
    return f"{value / 1000:.1f} s" if value < 9_950 else f"{value / 1000:,.0f} s"


def rate(tokens_per_s: float) -> str:
    """Write how fast a model writes; empty where there is none."""
    if not tokens_per_s:
        return ""
    return f"{tokens_per_s:,.0f}/s" if tokens_per_s >= 9.95 else f"{tokens_per_s:.1f}/s"
