"""What trials and soak leave behind: JSON for programs, and the tables of the page on reliability."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from loadtest.faults.soak import Soak
from loadtest.faults.trial import Counts, Outcome

COUNTS = ("sent", "answered", "refused", "failed", "lost", "doubled")
SOAK_HEAD = ("part", "MiB at first", "at last", "at most", "file handles at first", "at last", "at most")
HEAD = ("fault", *COUNTS, "refusals on the way", "first answer, s", "as much as before, s", "all there again, s")


def write_outcomes(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Write `report.json` and `report.md`. What other runs said of other faults is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {outcome.fault: outcome for outcome in [*read_outcomes(folder), *outcomes]}
    content = [outcome.model_dump() for outcome in known.values()]
    (folder / "report.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(f"# Faults under load\n\n{markdown(list(known.values()))}", encoding="utf-8")


def read_outcomes(folder: Path) -> list[Outcome]:
    """What `write_outcomes` wrote there; nothing if it did not."""
    path = folder / "report.json"
    return [Outcome.model_validate(item) for item in json.loads(path.read_text("utf-8"))] if path.is_file() else []


def write_soak(folder: Path, soak: Soak) -> None:
    """Write `soak.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "soak.json").write_text(soak.model_dump_json(indent=2) + "\n", encoding="utf-8")


def write_into_page(page: Path, name: str, text: str) -> None:
    """Replace what is between the two marks of this name on a page.

    Raises:
        ValueError: the page does not have both marks.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    content = page.read_text(encoding="utf-8")
    if begin not in content or end not in content:
        raise ValueError(f"{page} does not have the lines `{begin}` and `{end}`; put them where the table belongs")
    before, after = content.split(begin)[0], content.split(end)[1]
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def markdown(outcomes: Sequence[Outcome]) -> str:
    """One row a fault, and below what was seen besides."""
    return f"{_table(HEAD, map(_row, outcomes))}\n\n" + "\n".join(_remark(outcome) for outcome in outcomes) + "\n"


def soak_markdown(soak: Soak) -> str:
    """What became of the papers and chats, and one row a part."""
    counts = ", ".join(f"{name} {getattr(soak, name):,}" for name in COUNTS)
    if soak.errors:
        counts += f" ({', '.join(f'{error}: {count}' for error, count in sorted(soak.errors.items()))})"
    return f"{soak.for_s / 60:g} minutes; papers and chats: {counts}.\n\n{_table(SOAK_HEAD, soak.rows())}\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(outcome: Outcome) -> list[str]:
    counts = counted(outcome)
    times_s = (outcome.first_answer_s, outcome.recovered_s, outcome.whole_s)
    return [
        outcome.title,
        *(f"{getattr(counts, name):,}" for name in COUNTS),
        f"{outcome.wire.get('refused with Retry-After', 0):,}",
        *("never" if value is None else f"{value:.1f}" for value in times_s),
    ]


def counted(outcome: Outcome) -> Counts:
    """Papers and chats together."""
    both = (outcome.papers, outcome.chats)
    errors = dict(outcome.papers.errors)
    for error, count in outcome.chats.errors.items():
        errors[f"{error} (chat)"] = count
    return Counts(**{name: sum(getattr(counts, name) for counts in both) for name in COUNTS}, errors=errors)


def _remark(outcome: Outcome) -> str:
    seen: dict[str, object] = {"papers/s before": f"{outcome.papers_per_s:.0f}", **outcome.notes}
    answers = {kind: count for kind, count in outcome.wire.items() if kind != "ok"}
    if answers:
        seen["attempts without an answer"] = ", ".join(f"{kind}: {count}" for kind, count in sorted(answers.items()))
    if errors := counted(outcome).errors:
        seen["given up"] = ", ".join(f"{error}: {count}" for error, count in sorted(errors.items()))
    return f"- {outcome.title}: " + "; ".join(f"{name} {value}" for name, value in seen.items()) + "."
