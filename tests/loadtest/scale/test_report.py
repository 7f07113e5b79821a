"""What studies leave behind: files that say what was seen."""

import json
from pathlib import Path

from loadtest.scale.autoscaler import Rule
from loadtest.scale.choice import Score
from loadtest.scale.components import Use
from loadtest.scale.report import write_scores, write_throughput, write_wave
from loadtest.scale.shapes import Square
from loadtest.scale.simulation import Model
from loadtest.scale.throughput import Step, Study
from loadtest.scale.wave import Moment, Outcome, Wave

PARTS = {name: Use(1, 0.1, 0.1) for name in ("Classifier", "HTTP proxy", "Ingress", "Serve controller")}


def test_a_study_of_throughput_leaves_figures_text_and_picture(tmp_path: Path) -> None:
    steps = [
        Step(replicas=count, papers_per_s=4.0 * count, efficiency=1, of_stated=1, failed=0, parts=PARTS)
        for count in (1, 2)
    ]

    write_throughput(tmp_path, Study(), steps)

    assert json.loads((tmp_path / "throughput-both.json").read_text())["steps"][1]["papers_per_s"] == 8
    assert "| 2 | 8.00 |" in (tmp_path / "throughput-both.md").read_text()
    assert (tmp_path / "throughput-both.png").stat().st_size > 0


def test_rules_are_written_the_best_first(tmp_path: Path) -> None:
    best = Score(
        Rule(target_ongoing_requests=1.5),
        {"square": 0, "ramp": 2},
        0.001,
        refused=0,
        killed=0,
        worst_wait_s=21,
        utilisation=0.62,
    )

    write_scores(tmp_path, "cpu", [best])

    assert json.loads((tmp_path / "rules-cpu.json").read_text())[0]["rule"]["target_ongoing_requests"] == 1.5
    assert "| 1.5 | 5 | 30 | 600 | 0/2 | 0.1% | 0 | 21 | 62% |" in (tmp_path / "rules-cpu.md").read_text()


def test_a_wave_is_drawn_beside_its_simulation(tmp_path: Path) -> None:
    wave = Wave(
        shape=Square(low=1, high=2, period_s=20),
        model=Model(papers_per_s=4, papers_per_call=16, start_s=1, grace_s=60, max_papers=1000),
        rule=Rule(),
        for_s=20,
    )
    outcome = Outcome(
        sent=16, answered=16, refused=0, failed=0, lost=0, duplicated=0, errors={},
        moments=[Moment(at_s=n, offered_per_s=1, replicas={"Classifier": 1, "Tagger": 2}) for n in range(3)],
    )  # fmt: skip

    write_wave(tmp_path, wave, outcome)

    assert json.loads((tmp_path / "wave.json").read_text())["outcome"]["answered"] == 16
    assert (tmp_path / "wave.png").stat().st_size > 0
    assert outcome.most("Tagger") == 2
