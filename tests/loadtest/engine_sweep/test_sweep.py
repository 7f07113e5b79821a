"""Engines in turn: what was measured stays, what failed does not stop the others, and answers are compared."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from loadtest.engine_sweep.__main__ import OPTIONS, sweep_report
from loadtest.engine_sweep.reading import Order, Reading
from loadtest.engine_sweep.sweep import (
    EngineFailed,
    Kept,
    Options,
    agreement,
    in_process,
    prompts_of,
    read_options,
    sweep,
)
from serve.extractor.prompt import build_prompt
from serve.settings import Settings
from serve.text.document import Document

PAPERS = [Document("Asthma in children.", "It is common. It is treated."), Document("Lung cancer.", "")]
ENGINES: dict[str, Options] = {"as served": {}, "eight": {"max_num_seqs": 8}, "broken": {"no_such_option": 1}}


class Engines:
    """Answer every prompt with their number of sequences; refuse what no engine knows."""

    def __init__(self) -> None:
        self.started: list[Order] = []

    def __call__(self, order: Order, env: Mapping[str, str]) -> Reading:
        self.started.append(order)
        if "no_such_option" in order.engine:
            raise EngineFailed("unexpected keyword argument 'no_such_option'")
        at_once = order.engine["max_num_seqs"]
        return Reading(
            start_s=60,
            read_s=at_once,
            prompt_tokens=100,
            decoded_tokens=10,
            answers=[[str(at_once) for _ in of_paper] for of_paper in order.prompts],
        )


def run(
    record: Path, engines: Engines, options: Mapping[str, Options] = ENGINES, machine: str = "two cores"
) -> dict[str, Kept | EngineFailed]:
    return dict(
        sweep(
            options, Settings(profile="cpu").extractor, PAPERS, model=Path("weights"), dtype="float32",
            machine=machine, rounds=1, record=record, start=engines,
        )
    )  # fmt: skip


def test_an_engine_is_what_the_profile_sets_with_its_own_changes(tmp_path: Path) -> None:
    run(tmp_path / "kept.jsonl", engines := Engines())

    served, eight, _ = (order.engine for order in engines.started)
    assert served == Settings(profile="cpu").extractor.engine
    assert eight == served | {"max_num_seqs": 8}


def test_a_failure_is_told_and_the_others_are_measured(tmp_path: Path) -> None:
    outcomes = run(tmp_path / "kept.jsonl", Engines(), dict(reversed(ENGINES.items())))

    assert "no_such_option" in str(outcomes["broken"])
    assert isinstance(outcomes["eight"], Kept)


def test_what_is_kept_is_not_measured_again_and_what_failed_is_tried_again(tmp_path: Path) -> None:
    before = run(tmp_path / "kept.jsonl", Engines())
    after = run(tmp_path / "kept.jsonl", again := Engines())

    assert [order.engine.get("no_such_option") for order in again.started] == [1]
    assert (after["as served"], after["eight"]) == (before["as served"], before["eight"])


def test_other_circumstances_are_measured_anew(tmp_path: Path) -> None:
    run(tmp_path / "kept.jsonl", Engines())
    run(tmp_path / "kept.jsonl", again := Engines(), machine="four cores")

    assert len(again.started) == len(ENGINES)


def test_a_line_that_a_killed_run_broke_off_is_measured_anew(tmp_path: Path) -> None:
    record = tmp_path / "kept.jsonl"
    run(record, Engines())
    record.write_text(record.read_text()[:-10])

    run(record, again := Engines())

    assert [order.engine["max_num_seqs"] for order in again.started if "no_such_option" not in order.engine] == [8]
    assert isinstance(run(record, Engines())["eight"], Kept)


def test_the_prompts_are_those_of_the_service() -> None:
    assert prompts_of(PAPERS[0], max_unit_chars=14) == [
        build_prompt(text) for text in ("Asthma in", "children.", "It is common.", "It is treated.")
    ]


def test_agreement_is_the_share_of_prompts_with_the_same_answer() -> None:
    def reading(*answers: list[str]) -> Reading:
        return Reading(start_s=1, read_s=1, prompt_tokens=1, decoded_tokens=1, answers=list(answers))

    assert agreement(reading(['["asthma"]', "[]"], ["[]"]), reading(['["asthma"]', '["a"]'], ["[]"])) == 2 / 3


def test_the_report_has_a_line_for_each_engine_and_for_each_failure(tmp_path: Path) -> None:
    outcomes = run(tmp_path / "kept.jsonl", Engines())
    kept = {name: outcome for name, outcome in outcomes.items() if isinstance(outcome, Kept)}

    report = sweep_report(kept, {"broken": "why"}, {"machine": "two cores"})

    engines, options, failed = report.sections[0].blocks
    assert report.summary == "Fastest: eight, 0.250 papers per second; as served: 0.062."
    assert [row[0] for row in engines.rows] == [row[0] for row in options.rows] == ["as served", "eight"]  # type: ignore[union-attr]
    assert failed.rows == [["broken", "why"]]  # type: ignore[union-attr]


def test_the_engines_that_come_with_it_begin_with_the_one_that_is_served() -> None:
    options = read_options(OPTIONS)

    assert next(iter(options.items())) == ("as served", {})
    assert len({repr(changes) for changes in options.values()}) == len(options)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "options.yaml").write_text("- compiled\n")

    with pytest.raises(ValidationError):
        read_options(tmp_path / "options.yaml")


def test_an_engine_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "vllm.py").write_text("raise RuntimeError('there is no engine here')\n")
    order = Order(
        model="weights", dtype="float32", engine={}, prompts=[["a"]], answer_schema={}, max_output_tokens=1, rounds=1,
        out=tmp_path / "reading.json",
    )  # fmt: skip

    with pytest.raises(EngineFailed, match="there is no engine here"):
        in_process(order, {"PYTHONPATH": str(tmp_path)})
