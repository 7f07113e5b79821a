"""What a run came to, from its state: as a message, and as Markdown for people."""

import re
from collections import Counter

from serve.agent.messages import (
    Adjudication,
    Claim,
    ModelCheck,
    Outcome,
    Reading,
    Report,
    Summary,
)
from serve.agent.state import AgentState

MOST_DISEASES = 10

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|])")
_STATUS = {
    "done": "Uncertain papers were read again by the language model.",
    "not_needed": "No paper was uncertain.",
    "not_approved": "The changes of the second readings were not approved: first answers stand.",
    "limit_reached": "A limit of the run left some uncertain papers as they were.",
    "model_too_weak": "The language model is too weak to adjudicate: it failed two papers with known answers. "
    "First answers stand.",
    "model_unavailable": "The language model did not answer. First answers stand.",
    "off": "No language model was asked. First answers stand.",
}


def report_of(state: AgentState) -> Report:
    """The report of a run that has come to its end."""
    return Report(
        run_id=state["run_id"],
        question=state["request"].question,
        readings=state["readings"],
        left_out=state["left_out"],
        adjudication=_adjudication(state),
        citations=state["citations"],
        summary=Summary(
            written_by=state["summary_by"],
            claims=state["claims"],
            dropped=state["claims_dropped"],
            unread=len(state["to_sum_up"]) if state["request"].summarise else 0,
        ),
        spent=state["spent"],
        limit_reached=state["limit_reached"],
        steps=state["steps"],
    )


def _adjudication(state: AgentState) -> Adjudication:
    uncertain = [reading for reading in state["readings"] if reading.doubts]
    outcomes = Counter(reading.second.outcome for reading in uncertain if reading.second)
    changed, confirmed = outcomes[Outcome.CHANGED], outcomes[Outcome.CONFIRMED]
    figures = {
        "uncertain": len(uncertain),
        "changed": changed,
        "confirmed": confirmed,
        "kept": len(uncertain) - changed - confirmed,
    }
    return Adjudication.model_validate({"status": _status(state, outcomes, len(uncertain)), **figures})


def _status(state: AgentState, outcomes: Counter[Outcome], uncertain: int) -> str:
    check = state["check"]
    if check is ModelCheck.OFF and state["limit_reached"]:
        return "limit_reached"
    if check is not ModelCheck.ABLE:
        return check.value
    if not uncertain:
        return "not_needed"
    if not state["approved"]:
        return "not_approved"
    return "limit_reached" if state["pending"] or outcomes[Outcome.OUT_OF_BUDGET] else "done"


def as_markdown(report: Report) -> str:
    """The report for people: the question, the claims with their sources, the papers, what is missing, the steps."""
    parts = [
        f"# {_plain(report.question) if report.question else 'A set of papers'}",
        *_summary(report),
        *_papers(report),
        *_second_readings(report),
        *_left_out(report),
        *_steps(report),
    ]
    return "\n\n".join(parts) + "\n"


def _summary(report: Report) -> list[str]:
    summary = report.summary
    if not summary.claims:
        return []
    by = "In the papers' own sentences." if summary.written_by == "papers" else "Written by the language model."
    notes = [by]
    if summary.dropped:
        notes.append(f"{summary.dropped} claims were dropped: what they quoted is not in the papers they named.")
    if summary.unread:
        notes.append(f"The limits left no room for {summary.unread} papers.")
    claims = [f"{number}. {_claim(claim)}" for number, claim in enumerate(summary.claims, start=1)]
    return ["## Summary", " ".join(notes), "\n".join(claims)]


def _claim(claim: Claim) -> str:
    sources = ", ".join(dict.fromkeys(_plain(place.paper_id) for place in claim.evidence))
    quotes = "".join(f"\n   > {_plain(place.text)}" for place in claim.evidence if place.text not in claim.text)
    return f"{_plain(claim.text)} [{sources}]{quotes}"


def _papers(report: Report) -> list[str]:
    labels = Counter(label for reading in report.readings for label in reading.labels)
    diseases = Counter(disease for reading in report.readings for disease in reading.diseases)
    counted = ", ".join(f"{count} {label}" for label, count in labels.most_common())
    named = ", ".join(f"{_plain(name)} ({count})" for name, count in diseases.most_common(MOST_DISEASES))
    rows = ["| paper | title | label | confidence | diseases |", "| --- | --- | --- | --- | --- |"]
    rows += [_row(reading) for reading in report.readings]
    return [
        "## Papers",
        f"{len(report.readings)} read: {counted or 'no label'}. Diseases named most: {named or 'none'}.",
        "\n".join(rows),
    ]


def _row(reading: Reading) -> str:
    label = ", ".join(reading.labels) or "none"
    if reading.labels != reading.first_labels:
        label += f" (was {', '.join(reading.first_labels) or 'none'})"
    elif reading.doubts:
        label += " (uncertain)"
    scores = reading.confidence_scores
    confidence = f"{max(scores.values()):.2f}" if scores else ""
    cells = (reading.paper_id, reading.title, label, confidence, ", ".join(reading.diseases))
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _second_readings(report: Report) -> list[str]:
    adjudication = report.adjudication
    said = f"{_STATUS[adjudication.status]} {adjudication.uncertain} uncertain, {adjudication.changed} changed, "
    said += f"{adjudication.confirmed} confirmed, {adjudication.kept} kept."
    rows = [
        f"- {_plain(reading.paper_id)}: {', '.join(reading.doubts)}"
        + (f"; {reading.second.outcome}" if reading.second else "")
        + (f": “{_plain(reading.second.evidence.text)}”" if reading.second and reading.second.evidence else "")
        for reading in report.readings
        if reading.doubts
    ]
    return ["## Second readings", said, *(["\n".join(rows)] if rows else [])]


def _left_out(report: Report) -> list[str]:
    rows = [f"- {_plain(one.paper_id)}: {_plain(one.reason)}" for one in report.left_out]
    return ["## Left out", "\n".join(rows)] if rows else []


def _steps(report: Report) -> list[str]:
    rows = [f"{step.number}. **{step.name}** ({step.seconds:.1f} s): {step.said}" for step in report.steps]
    spent = report.spent
    limit = f" The run reached its limit of {report.limit_reached}." if report.limit_reached else ""
    calls = "1 call" if spent.llm_calls == 1 else f"{spent.llm_calls} calls"
    cost = f"{calls} of the language model, {spent.tokens:,} tokens.{limit}"
    return [f"## Run {report.run_id}", cost, "\n".join(rows)]


def _plain(text: str) -> str:
    """Text of a paper is data in Markdown, too."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
