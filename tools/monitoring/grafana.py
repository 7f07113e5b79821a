"""Grafana's dashboard model, version 39 of its schema: the parts that are used here, and nothing else passes.

Source: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

COLUMNS = 24
"""The grid that panels are laid out on."""

Unit = Literal["short", "percentunit", "s", "reqps", "ops", "bytes", "none"]


def _is_none(value: object) -> bool:
    return value is None


class Part(BaseModel):
    """A part of a dashboard. A name that Grafana does not know would be dropped without a word, so none passes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSource(Part):
    type: Literal["prometheus"] = "prometheus"
    uid: Literal["${datasource}"] = "${datasource}"


class GridPos(Part):
    h: int = Field(gt=0)
    w: int = Field(gt=0, le=COLUMNS)
    x: int = Field(ge=0, lt=COLUMNS)
    y: int = Field(ge=0)


class Target(Part):
    """One query, and how its series are named."""

    refId: str = Field(pattern=r"^[A-Z]$")
    expr: str
    legendFormat: str
    datasource: DataSource = DataSource()


class Step(Part):
    color: Literal["green", "orange", "red"]
    value: float | None
    """From here on; null is the lowest."""


class Thresholds(Part):
    mode: Literal["absolute"] = "absolute"
    steps: tuple[Step, ...]


class LineStyle(Part):
    """How a series is drawn; with thresholds, a dashed line marks them."""

    fillOpacity: int = 8
    lineWidth: int = 1
    showPoints: Literal["never"] = "never"
    thresholdsStyle: dict[Literal["mode"], Literal["off", "dashed"]] = {"mode": "off"}


class FieldDefaults(Part):
    unit: Unit
    min: float = 0
    max: float | None = Field(default=None, exclude_if=_is_none)
    thresholds: Thresholds
    custom: LineStyle | None = Field(default=None, exclude_if=_is_none)


class FieldConfig(Part):
    defaults: FieldDefaults
    overrides: tuple[()] = ()


class Legend(Part):
    displayMode: Literal["list"] = "list"
    placement: Literal["bottom"] = "bottom"
    showLegend: bool = True


class Tooltip(Part):
    mode: Literal["multi"] = "multi"
    sort: Literal["desc"] = "desc"


class TimeSeriesOptions(Part):
    legend: Legend = Legend()
    tooltip: Tooltip = Tooltip()


class ReduceOptions(Part):
    calcs: tuple[Literal["lastNotNull"], ...] = ("lastNotNull",)
    fields: Literal[""] = ""
    values: Literal[False] = False


class StatOptions(Part):
    reduceOptions: ReduceOptions = ReduceOptions()
    colorMode: Literal["value"] = "value"
    graphMode: Literal["area"] = "area"


class _Shown(Part):
    id: int = Field(gt=0)
    title: str = Field(min_length=1)
    gridPos: GridPos


class RowPanel(_Shown):
    """A heading over the panels below it."""

    type: Literal["row"] = "row"
    collapsed: Literal[False] = False
    panels: tuple[()] = ()


class _QueryPanel(_Shown):
    description: str = Field(min_length=1)
    datasource: DataSource = DataSource()
    targets: tuple[Target, ...] = Field(min_length=1)
    fieldConfig: FieldConfig


class TimeSeriesPanel(_QueryPanel):
    type: Literal["timeseries"] = "timeseries"
    options: TimeSeriesOptions = TimeSeriesOptions()


class StatPanel(_QueryPanel):
    type: Literal["stat"] = "stat"
    options: StatOptions = StatOptions()


AnyPanel = RowPanel | TimeSeriesPanel | StatPanel


class DataSourceVariable(Part):
    """Lets whoever looks choose the Prometheus to ask."""

    type: Literal["datasource"] = "datasource"
    name: Literal["datasource"] = "datasource"
    label: Literal["Prometheus"] = "Prometheus"
    query: Literal["prometheus"] = "prometheus"


class Templating(Part):
    list: tuple[DataSourceVariable, ...] = (DataSourceVariable(),)


class Link(Part):
    """To the other dashboards with the same tag."""

    type: Literal["dashboards"] = "dashboards"
    title: Literal["Pubserve"] = "Pubserve"
    tags: tuple[str, ...] = ("pubserve",)
    asDropdown: bool = True
    includeVars: bool = True
    keepTime: bool = True


class TimeRange(Part):
    from_: str = Field(default="now-6h", alias="from")
    to: str = "now"


class GrafanaDashboard(Part):
    """A whole dashboard, as Grafana imports it."""

    uid: str = Field(pattern=r"^[a-z-]+$", max_length=40)
    title: str
    description: str
    tags: tuple[str, ...] = ("pubserve",)
    schemaVersion: Literal[39] = 39
    editable: bool = False
    graphTooltip: Literal[1] = 1
    refresh: str = "30s"
    time: TimeRange = TimeRange()
    timezone: Literal["browser"] = "browser"
    templating: Templating = Templating()
    links: tuple[Link, ...] = (Link(),)
    panels: tuple[AnyPanel, ...] = Field(min_length=1)

    def to_json(self) -> str:
        """As Grafana writes it to a file."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"
