"""The drawings of the report, each with its numbers."""

from collections.abc import Callable, Mapping, Sequence

from loadtest.bench.aims import Spread, Verdict
from loadtest.bench.measurement import Load, Measurement
from training.report import Figure, Table
from training.report.figures.drawing import MARKERS, MUTED, SERIES, canvas, to_svg

Cells = Mapping[str, Mapping[Load, Sequence[Measurement]]]
"""Measurements of all rounds by peer and load."""


def over_loads(cells: Cells, quantity: Callable[[Measurement], float], *, name: str, source: str) -> Figure:
    """One line a peer over the number of papers in flight, both axes logarithmic; bars reach over the rounds."""
    with canvas(6.0, 3.6) as (figure, axes):
        (ax,) = axes
        for n, (peer, of_peer) in enumerate(cells.items()):
            points = [(load.concurrency, Spread.of(map(quantity, of_peer[load]))) for load in sorted_loads(of_peer)]
            values = [value for _, value in points]
            ax.errorbar(
                [x for x, _ in points], [value.value for value in values], yerr=_reach(values),
                color=SERIES[n % len(SERIES)], marker=MARKERS[n % len(MARKERS)], capsize=2.5, elinewidth=1, label=peer
            )  # fmt: skip
        loads = sorted({load.concurrency for of_peer in cells.values() for load in of_peer})
        ax.set(xscale="log", yscale="log", xlabel="papers in flight", ylabel=name)
        ax.set_xticks(loads, [str(load) for load in loads])
        ax.minorticks_off()
        figure.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=3, labelcolor="linecolor")
        table = by_load(cells, quantity, caption=f"{name.capitalize()}, median (lowest to highest). {source}")
        description = f"{name}: " + "; ".join(
            f"{row[0]} " + ", ".join(str(cell) for cell in row[1:] if cell is not None) for row in table.rows
        )
        svg = to_svg(figure, description=description)
    return Figure(table.caption, description, svg, table)


def ratios(verdicts: Sequence[Verdict], *, source: str) -> Figure:
    """Each aim a row: what was measured over what was wanted, so that all that is right of 1 is held."""
    measured = [(verdict.aim, verdict.measured) for verdict in verdicts if verdict.measured]
    with canvas(4.8, 0.9 + 0.32 * len(measured)) as (figure, axes):
        (ax,) = axes
        for row, (aim, value) in enumerate(measured):
            share = Spread(value.value / aim.at_least, value.low / aim.at_least, value.high / aim.at_least)
            colour = SERIES[2] if share.value >= 1 else SERIES[1]
            reach = [[share.value - share.low], [share.high - share.value]]
            ax.errorbar(share.value, row, xerr=reach, color=colour, marker="s", ms=4.5, lw=1.3, ls="none")
        ax.axvline(1, color=MUTED, lw=0.9, ls=(0, (4, 3)))
        ax.set(xscale="log", xlabel="measured / aim", ylim=(len(measured) - 0.5, -0.5))
        ax.set_yticks(range(len(measured)), [aim.name for aim, _ in measured])
        caption = f"What was measured over what was wanted; right of the dashed line, the aim is held. {source}"
        numbers = Table(caption, ["", "measured", "aim"], [[aim.name, value, aim.at_least] for aim, value in measured])
        description = "; ".join(f"{aim.name} {value}, aim {aim.at_least:g}" for aim, value in measured)
        svg = to_svg(figure, description=description)
    return Figure(caption, description, svg, numbers)


def by_load(cells: Cells, quantity: Callable[[Measurement], float], *, caption: str) -> Table:
    """Peers in rows, loads in columns."""
    loads = sorted_loads({load for of_peer in cells.values() for load in of_peer})
    rows = [
        [peer, *(Spread.of(map(quantity, of_peer[load])) if load in of_peer else None for load in loads)]
        for peer, of_peer in cells.items()
    ]
    return Table(caption, ["peer", *map(str, loads)], rows)


def sorted_loads(loads: Mapping[Load, object] | set[Load]) -> list[Load]:
    return sorted(loads, key=lambda load: (load.papers_per_request, load.concurrency))


def _reach(values: Sequence[Spread]) -> list[list[float]]:
    return [[value.value - value.low for value in values], [value.high - value.value for value in values]]
