"""What the whole service costs to have around: time to the first answer, and memory at rest and at work.

    python -m loadtest.footprint --papers ../shared/data/abstracts

Memory is the proportional set size of every process of the service, so that pages they share are counted once.
"""

import platform
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from loadtest.processes import ProcessWatch
from pubserve import Client, Paper
from training.data import read_folder


def main(
    papers: Annotated[Path, typer.Option(help="Folder with Cancer/ and Non-Cancer/, one abstract a file.")],
    count: Annotated[int, typer.Option(help="Papers to send, drawn at random with a fixed seed.")] = 32,
    port: Annotated[int, typer.Option(help="Port for the service.")] = 8765,
) -> None:
    """Start the service, send it papers, and print what that took."""
    drawn = random.Random(0).sample(read_folder(papers), count)
    batch = [Paper(id=paper.id, title=paper.title, abstract=paper.abstract) for paper in drawn]
    started_s = time.monotonic()
    command = [sys.executable, "-m", "serve.launch", "--port", str(port)]
    service = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watch = ProcessWatch(service.pid)
    try:
        with Client(f"http://127.0.0.1:{port}", timeout=3600) as client:
            while not client.ready():
                if service.poll() is not None:
                    raise SystemExit("The service ended before it was ready; `pubserve-serve` says why.")
                time.sleep(0.5)
            ready_s = time.monotonic() - started_s
            at_rest_bytes = watch.now_bytes
            began_s = time.monotonic()
            answer = client.analyze(batch)
            work_s = time.monotonic() - began_s
    finally:
        watch.stop()
        service.terminate()
        service.wait(120)
    table = Table(
        title=f"{platform.machine()}, {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"
    )
    for column in ("what", "figure"):
        table.add_column(column)
    table.add_row("start to ready, models prepared", f"{ready_s:.0f} s")
    table.add_row("memory at rest", f"{at_rest_bytes / 2**30:.1f} GiB")
    table.add_row("peak memory", f"{watch.peak_bytes / 2**30:.1f} GiB")
    table.add_row(f"papers per second, one request, n = {len(batch)}", f"{len(batch) / work_s:.2f}")
    table.add_row("papers that failed", str(answer.usage.failed))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
