"""Parameters and attributes that a docstring names at the beginning of a line are shown as a list."""

import pytest

from tools.docs.extension import list_what_is_named


@pytest.mark.parametrize(
    ("docstring", "shown"),
    [
        ("One.", "One."),
        ("`a`: one.\n`b`: two.", "- `a`: one.\n- `b`: two."),
        ("Text.\n`a`: one,\nand more.", "Text.\n\n- `a`: one,\n  and more."),
        ("`a`: one. `b`: two.", "- `a`: one.\n- `b`: two."),
        ("`a`: one.\n\nText `b`: no.", "- `a`: one.\n\nText `b`: no."),
        ("`a` counts.", "`a` counts."),
    ],
)
def test_names_become_a_list(docstring: str, shown: str) -> None:
    lines = docstring.splitlines()

    list_what_is_named(None, "class", "pubserve.Client", None, None, lines)  # type: ignore[arg-type]

    assert "\n".join(lines) == shown
