"""What the one who waits gets to see."""

import re
from io import StringIO

from rich.console import Console

from serve.model_store.progress import Lines, Live


def test_plain_lines_name_the_model_the_step_and_the_seconds() -> None:
    said: list[str] = []
    reporter = Lines(said.append)

    reporter.step("tiny", "converting")
    reporter.done("tiny", "ready")
    reporter.failed("other", "no network")

    assert said == ["tiny: converting [0 s]", "tiny: ready [0 s]", "other: failed: no network [0 s]"]


def test_a_terminal_shows_one_row_per_model_with_its_latest_step() -> None:
    screen = StringIO()
    with Live(Console(file=screen, force_terminal=True, width=100)) as reporter:
        reporter.step("tiny", "downloading part 1/2")
        reporter.failed("other", "no [network]")
        reporter.done("tiny", "ready (1 MB)")

    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue())
    tiny, other = [line.split() for line in plain.splitlines() if line.strip()][-2:]
    assert tiny[:4] == ["tiny", "ready", "(1", "MB)"]
    assert other[:3] == ["other", "no", "[network]"]
