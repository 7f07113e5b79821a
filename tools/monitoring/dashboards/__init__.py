"""The five pages, from the outside in: what callers get, the stages, the engine, replicas and nodes, streams."""

from collections.abc import Sequence

from tools.monitoring.dashboards.autoscaling import AUTOSCALING
from tools.monitoring.dashboards.engine import ENGINE
from tools.monitoring.dashboards.service_levels import SERVICE_LEVELS
from tools.monitoring.dashboards.stages import STAGES
from tools.monitoring.dashboards.streams import STREAMS
from tools.monitoring.panels import Dashboard

DASHBOARDS: Sequence[Dashboard] = (SERVICE_LEVELS, STAGES, ENGINE, AUTOSCALING, STREAMS)
