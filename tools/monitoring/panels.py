"""A dashboard as rows of panels, each a question in PromQL; what Grafana makes of it is laid out here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from tools.monitoring.grafana import (
    COLUMNS,
    AnyPanel,
    FieldConfig,
    FieldDefaults,
    GrafanaDashboard,
    GridPos,
    LineStyle,
    RowPanel,
    StatPanel,
    Step,
    Target,
    Thresholds,
    TimeSeriesPanel,
    Unit,
)

HEIGHT = 8
STAT_HEIGHT = 4


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and the name of each series: `{{label}}` stands for the value of a label."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One question. What is worse than `warn_at` and `bad_at` is coloured: more, or where that is less, less."""

    title: str
    description: str
    unit: Unit
    queries: Sequence[Query]
    warn_at: float | None
    bad_at: float | None
    is_stat: bool
    """A figure of now, not lines over time."""


def line(
    title: str,
    description: str,
    unit: Unit,
    *queries: Query,
    warn_at: float | None = None,
    bad_at: float | None = None,
) -> Panel:
    """Series over time."""
    return Panel(title, description, unit, queries, warn_at, bad_at, is_stat=False)


def stat(
    title: str, description: str, unit: Unit, expr: str, *, warn_at: float | None = None, bad_at: float | None = None
) -> Panel:
    """One figure of now."""
    return Panel(title, description, unit, [Query(expr, "")], warn_at, bad_at, is_stat=True)


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading, as wide as they all fit into one line."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One page."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]

    @property
    def expressions(self) -> list[str]:
        return [query.expr for row in self.rows for panel in row.panels for query in panel.queries]


def to_grafana(dashboard: Dashboard) -> GrafanaDashboard:
    """The page as Grafana imports it."""
    return GrafanaDashboard(
        uid=dashboard.uid,
        title=f"Pubserve / {dashboard.title}",
        description=dashboard.description,
        panels=tuple(_laid_out(dashboard.rows)),
    )


def _laid_out(rows: Sequence[Row]) -> Iterator[AnyPanel]:
    number, y = 1, 0
    for row in rows:
        yield RowPanel(id=number, title=row.title, gridPos=GridPos(h=1, w=COLUMNS, x=0, y=y))
        y += 1
        height = STAT_HEIGHT if all(panel.is_stat for panel in row.panels) else HEIGHT
        width = COLUMNS // len(row.panels)
        for place, panel in enumerate(row.panels):
            yield _panel(panel, number + 1 + place, GridPos(h=height, w=width, x=place * width, y=y))
        number += 1 + len(row.panels)
        y += height


def _panel(panel: Panel, number: int, place: GridPos) -> AnyPanel:
    style = LineStyle(thresholdsStyle={"mode": "off" if panel.bad_at is None else "dashed"})
    defaults = FieldDefaults(
        unit=panel.unit,
        max=1 if panel.unit == "percentunit" and not panel.is_stat else None,
        thresholds=Thresholds(steps=tuple(_steps(panel))),
        custom=None if panel.is_stat else style,
    )
    kind = StatPanel if panel.is_stat else TimeSeriesPanel
    return kind(
        id=number,
        title=panel.title,
        description=panel.description,
        gridPos=place,
        targets=tuple(
            Target(refId=letter, expr=query.expr, legendFormat=query.legend)
            for letter, query in zip(ascii_uppercase, panel.queries, strict=False)
        ),
        fieldConfig=FieldConfig(defaults=defaults),
    )


def _steps(panel: Panel) -> Iterator[Step]:
    """Colours from the lowest value up."""
    warn_at, bad_at = panel.warn_at, panel.bad_at
    if bad_at is None:
        yield Step(color="green", value=None)
    elif warn_at is not None and bad_at < warn_at:
        yield Step(color="red", value=None)
        yield Step(color="orange", value=bad_at)
        yield Step(color="green", value=warn_at)
    else:
        yield Step(color="green", value=None)
        if warn_at is not None:
            yield Step(color="orange", value=warn_at)
        yield Step(color="red", value=bad_at)
