"""The report of a run."""

from pathlib import Path

from loadtest.bench.measurement import Load, Measurement, Outcome, Work
from loadtest.bench.registry import PEERS
from loadtest.bench.report import bench_report
from training.report import Report, write

CIRCUMSTANCES = {"machine": "two cores", "papers": "800", "seconds per load": "30"}


def measured(peer: str, work: Work, load: Load, papers_per_s: float, round_: int = 0) -> Measurement:
    outcome = Outcome(
        papers=60, failed=0, papers_per_s=papers_per_s, lasted_s=30.0, first_result_s=0.1, p50_s=0.2, p99_s=0.3
    )
    return Measurement(
        peer=peer,
        work=work,
        load=load,
        round=round_,
        outcome=outcome,
        cpu_s={"peer": 60.0, "helper": 30.0},
        peak_bytes=3 * 2**30,
    )


def report(*, flask_papers_per_s: float = 0.1, failures: dict[str, str] | None = None) -> Report:
    loads = [Load(concurrency=1), Load(concurrency=128)]
    measurements = [
        measured(peer, Work.ANALYZE, load, rate, round_)
        for peer, rate in (("pubserve", 2.0), ("flask", flask_papers_per_s))
        for load in loads
        for round_ in range(3)
    ]
    return bench_report(measurements, list(PEERS.values()), failures or {}, CIRCUMSTANCES, title="Side by side")


def test_aims_that_are_held_and_missed_are_said_first() -> None:
    assert report().summary == "1 of 1 aims are held."
    missed = report(flask_papers_per_s=1.0)
    assert missed.summary == (
        "0 of 1 aims are held. Missed: whole pipeline / Flask, one by one is 2.00, wanted at least 10."
    )


def test_markdown_has_rates_latencies_cost_and_what_each_peer_runs(tmp_path: Path) -> None:
    text = next(path for path in write(report(), tmp_path) if path.suffix == ".md").read_text(encoding="utf-8")
    assert "| whole pipeline / Flask, one by one | 128 | 20.0 | at least 10 | yes |" in text
    assert "| pubserve | 2.00 | 2.00 |" in text
    assert "Processor seconds per 1,000 papers" in text
    assert "| pubserve | 1,500 | 1,500 |" in text
    assert all(f"| {name} | " in text for name in PEERS)


def test_where_the_time_of_several_processes_goes_is_shown_the_greatest_share_first(tmp_path: Path) -> None:
    text = next(path for path in write(report(), tmp_path) if path.suffix == ".md").read_text(encoding="utf-8")
    _, _, of_pubserve = text.partition("Where the processor time of pubserve goes at 128")
    # 90 s in a load of 30 s that reads 2 papers a second, and the ratio between the two processes.
    assert of_pubserve.index("| peer | 1,000 |") < of_pubserve.index("| helper | 500 |")


def test_peers_with_fewer_rounds_are_not_said_to_have_had_more() -> None:
    rounds = {"pubserve": 3, "flask": 1}
    measurements = [
        measured(peer, Work.ANALYZE, Load(concurrency=1), 1.0, round_)
        for peer, count in rounds.items()
        for round_ in range(count)
    ]
    mixed = bench_report(measurements, list(PEERS.values()), {}, CIRCUMSTANCES, title="Side by side")
    assert mixed.circumstances["rounds"] == "1 to 3"


def test_a_peer_that_was_not_measured_is_named_with_the_reason(tmp_path: Path) -> None:
    text = next(path for path in write(report(failures={"flask": "no weights"}), tmp_path) if path.suffix == ".md")
    assert "| flask | no weights |" in text.read_text(encoding="utf-8")


def test_html_has_both_plots(tmp_path: Path) -> None:
    html = next(path for path in write(report(), tmp_path) if path.suffix == ".html").read_text(encoding="utf-8")
    assert html.count("<svg") == 2
