"""One process of a load test, from locust's events: what is set up before users start, and the report at the end."""

import random
import time
from collections.abc import Mapping
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.pool import Group  # type: ignore[import-untyped]
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner
from rich.console import Console

from loadtest.load.driver import Driver
from loadtest.load.exits import HELD, NOT_HELD, NOT_RUN
from loadtest.load.levels import held, judge, read_levels
from loadtest.load.options import LoadOptions
from loadtest.load.papers import PaperSource
from loadtest.load.progress import line_of
from loadtest.load.report import show, write_report
from loadtest.load.summary import best_baseline, summarise
from loadtest.load.timeline import Timeline
from loadtest.load.users import SILENCE_S, Arrivals, Load, prepare

OFFER = "offer"
TIMELINE = "timeline"
PROGRESS_PERIOD_S = 5
DELAY_PERIOD_S = 0.1
SEED_STRIDE = 1_000_003
"""Between the seeds of neighbouring runs lie those of the workers of one."""

console = Console(width=160, highlight=False)


class Run:
    """Where there are workers, they have the users and the master concludes; otherwise one process does both.

    Workers send their part of the timeline along with locust's own reports.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._timeline = Timeline()
        self._notes: list[str] = []
        self._beside = Group()
        """What runs beside the users, as long as they do."""
        read_levels(self._options.levels, self._options.levels_for, self._options.shape)  # now, not after the run
        assert environment.runner
        events = environment.events
        events.test_start.add_listener(self._begin)
        if isinstance(environment.runner, WorkerRunner):
            events.report_to_master.add_listener(self._report)
        else:
            self._driver.offer = self._offer
            events.worker_report.add_listener(self._merge)
            events.test_stop.add_listener(self._conclude)
        if not isinstance(environment.runner, MasterRunner):
            environment.runner.register_message(OFFER, self._on_offer)

    @property
    def _options(self) -> LoadOptions:
        """As they are now: the web page can change them, and workers get the master's."""
        return LoadOptions.model_validate(vars(self._environment.parsed_options))

    @property
    def _driver(self) -> Driver:
        assert isinstance(self._environment.shape_class, Driver)
        return self._environment.shape_class

    @property
    def _generators(self) -> int:
        runner = self._environment.runner
        return runner.worker_count if isinstance(runner, MasterRunner) else 1

    def _begin(self, **_: Any) -> None:
        options, runner = self._options, self._environment.runner
        self._timeline, self._notes = Timeline(), []
        if not isinstance(runner, MasterRunner):
            seed = options.seed * SEED_STRIDE + getattr(runner, "worker_index", 0)
            papers = (
                PaperSource.from_folder(options.papers, seed=seed) if options.papers else PaperSource.made_up(seed=seed)
            )
            prepare(Load(options, papers, self._timeline, random.Random(seed)))
            self._beside.spawn(self._measure_delay, self._timeline)
        if not isinstance(runner, WorkerRunner):
            longest_s = max(options.interactive_deadline_s, options.bulk_deadline_s)
            self._environment.stop_timeout = longest_s + 2 * SILENCE_S  # a drain waits for whatever was accepted
            self._environment.process_exit_code = NOT_RUN  # until there is a verdict
            self._beside.spawn(self._watch)

    def _watch(self) -> None:
        while True:
            gevent.sleep(PROGRESS_PERIOD_S)
            line = line_of(self._timeline, self._driver.spans, now_s=time.time(), over_s=PROGRESS_PERIOD_S)
            console.print(line, markup=False)

    def _measure_delay(self, timeline: Timeline) -> None:
        while True:
            started_s = time.perf_counter()
            gevent.sleep(DELAY_PERIOD_S)
            timeline.delayed(max(0.0, time.perf_counter() - started_s - DELAY_PERIOD_S), time.time())

    def _report(self, data: dict[str, Any], **_: Any) -> None:
        data[TIMELINE] = self._timeline.take()

    def _merge(self, data: Mapping[str, Any], **_: Any) -> None:
        self._timeline.merge(data.get(TIMELINE, ()))

    def _offer(self) -> bool:
        """Tell all arrivals their rate; False if no closed-loop caller was answered in time."""
        best = best_baseline(self._timeline, self._driver.spans)
        if not best:
            self._notes.append(
                "No closed-loop caller was answered in time: there is no goodput to offer a multiple of."
            )
            return False
        papers_per_s = best * self._options.offered_multiple
        console.print(f"Best goodput {best:.1f} papers/s: now offering {papers_per_s:.1f} papers/s.")
        assert self._environment.runner
        self._environment.runner.send_message(OFFER, papers_per_s / self._generators)
        return True

    def _on_offer(self, msg: Any, **_: Any) -> None:
        Arrivals.papers_per_s = float(msg.data)

    def _conclude(self, **_: Any) -> None:
        self._beside.kill()
        driver, options, runner = self._driver, self._options, self._environment.runner
        driver.end()
        if not driver.complete:
            self._notes.append("The run did not come to its end: what was measured is here, but it is no verdict.")
        if (runner and runner.cpu_warning_emitted) or getattr(runner, "worker_cpu_warning_emitted", False):
            self._notes.append("The load generator ran out of CPU, so latencies are too high: use more --workers.")
        summary = summarise(
            self._timeline,
            driver.spans,
            options,
            host=self._environment.host or "",
            complete=driver.complete,
            notes=self._notes,
            generators=self._generators,
        )
        verdicts = judge(summary, read_levels(options.levels, options.levels_for, options.shape))
        write_report(options.out, summary, verdicts, self._timeline, driver.spans)
        show(summary, verdicts, console)
        console.print(f"Report: {options.out}", markup=False)
        self._environment.process_exit_code = NOT_RUN if not driver.complete else HELD if held(verdicts) else NOT_HELD
