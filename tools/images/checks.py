"""What an image has to do before it is one: started as it would be, and looked at from inside."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import httpx
import psutil

from loadtest.processes import free_port
from pubserve.contract import Analysis, AnalyzeRequest, AnalyzeResponse, Paper
from tools.images.buildah import ImageError, config, environment, in_container

MODELS = Path(os.environ.get("PUBSERVE_CACHE_DIR", "~/.cache/pubserve")).expanduser()
PAPER = Paper(id="1", title="Relapse of lung cancer.", abstract="We followed 112 patients with lung cancer and asthma.")

COMMAND_TIMEOUT_S = 300
START_TIMEOUT_S = 600
STOP_TIMEOUT_S = 120
POLL_S = 2

USER = "10001"
PACKAGES = ("pubserve", "serve", "bulk", "streams", "training", "loadtest")
NOT_IN_LAST_STAGES = ("uv", "gcc", "cyclonedx-py")


@dataclass(frozen=True, slots=True)
class Container:
    """One of an image that is being checked."""

    image: str
    name: str

    def run(self, *command: str, variables: Mapping[str, str] | None = None) -> str:
        """What a command prints that is run as the image's user."""
        line = in_container(self.name, command, variables=variables)
        run = subprocess.run(line, env=environment(), capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
        if run.returncode:
            last_words = (run.stderr.strip() or run.stdout.strip()).splitlines()[-3:]
            raise ImageError(f"`{' '.join(command)[:80]}` ended with {run.returncode}: {' '.join(last_words)}")
        return run.stdout.strip()

    def is_healthy(self, variables: Mapping[str, str]) -> bool:
        """Whether the image's own health check says so."""
        _, *command = config(self.image)["Healthcheck"]["Test"]
        try:
            self.run(*command, variables=variables)
        except ImageError:
            return False
        return True

    @contextmanager
    def started(self, *arguments: str, variables: Mapping[str, str], volumes: Sequence[str] = ()) -> Iterator[None]:
        """The image's own command with arguments after it, from when it is healthy to when it has ended by SIGTERM.

        Raises:
            ImageError: it is not healthy in time, or ends by itself, or with another status than 0.
        """
        line = in_container(self.name, [*config(self.image)["Cmd"], *arguments], variables=variables, volumes=volumes)
        with TemporaryFile("w+") as said:
            process = subprocess.Popen(line, env=environment(), stdout=said, stderr=subprocess.STDOUT)
            try:
                self._wait_until_healthy(process, variables)
                yield
                self._end(process)
            except ImageError as error:
                said.seek(0)
                raise ImageError(f"{error} It said: {' '.join(said.read().split())[-600:]}") from None
            finally:
                for each in _processes(process):
                    each.kill()

    def _wait_until_healthy(self, process: subprocess.Popen[bytes], variables: Mapping[str, str]) -> None:
        ends_s = time.monotonic() + START_TIMEOUT_S
        while not self.is_healthy(variables):
            if process.poll() is not None:
                raise ImageError(f"It ended with {process.returncode}.")
            if time.monotonic() > ends_s:
                raise ImageError(f"It was not healthy within {START_TIMEOUT_S} s.")
            time.sleep(POLL_S)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        # buildah passes no signal on; the command is the first that is not buildah's own.
        first = next(each for each in _processes(process) if "buildah" not in each.name())
        first.terminate()
        try:
            status = process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise ImageError(f"It did not end within {STOP_TIMEOUT_S} s of SIGTERM.") from None
        if status:
            raise ImageError(f"On SIGTERM it ended with {status}.")


def _processes(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """It and all below it, parents first."""
    try:
        root = psutil.Process(process.pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


Check = Callable[[Container], str]
"""Returns what was seen. Its first line of documentation says what is checked."""


def is_not_root(container: Container) -> str:
    """its user can write neither code nor packages"""
    script = "import os; print(os.getuid(), os.access('/app', os.W_OK), os.access('/app/.venv', os.W_OK))"
    if (seen := container.run("python", "-c", script)) != f"{USER} False False":
        raise ImageError(f"user, and whether it can write /app and its packages: {seen}")
    return f"user {USER}"


def is_clean(container: Container) -> str:
    """no compiler, installer or cache was left in it"""
    script = (
        "import os, shutil, sys; print(*filter(shutil.which, sys.argv[1:]), "
        "*filter(os.path.exists, ('/tmp/.cache', '/root/.cache', '/app/.git', '/etc/pip.conf')))"
    )
    if seen := container.run("python", "-c", script, *NOT_IN_LAST_STAGES):
        raise ImageError(f"there is {seen}")
    return "nothing"


def lists_its_packages(container: Container) -> str:
    """it has a bill of materials"""
    materials = json.loads(container.run("cat", "/app/.venv/sbom.cdx.json"))
    return f"{materials['bomFormat']} {materials['specVersion']}, {len(materials['components'])} packages"


def imports(*modules: str) -> Check:
    def check(container: Container) -> str:
        """modules are imported"""
        container.run("python", "-c", f"import {', '.join(modules)}")
        return ", ".join(modules)

    return check


def helps(*programs: str) -> Check:
    def check(container: Container) -> str:
        """programs say how they are used"""
        for program in programs:
            container.run(*program.split(), "--help")
        return ", ".join(programs)

    return check


def computes_on_gpus(container: Container) -> str:
    """its torch is one for GPUs"""
    if not (cuda := container.run("python", "-c", "import torch; print(torch.version.cuda or '')")):
        raise ImageError("this is the CPU build of torch")
    return f"CUDA {cuda}"


def works_while_the_broker_is_away(container: Container) -> str:
    """it is healthy while its broker is away, and ends on SIGTERM"""
    broker, port = f"redis://127.0.0.1:{free_port()}/0", str(free_port())
    arguments = (broker, "--from", "papers", "--to", "analyses")
    with container.started(*arguments, variables={"PUBSERVE_WORKER_METRICS_PORT": port}):
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    return f"{metrics.count('# TYPE ')} metrics"


def serves_a_paper(container: Container) -> str:
    """it serves a paper with mounted models, and ends on SIGTERM"""
    port = free_port()
    began_s = time.monotonic()
    with container.started(variables={"PUBSERVE_HTTP__PORT": str(port)}, volumes=[f"{MODELS}:/models:ro"]):
        healthy_s = time.monotonic() - began_s
        request = AnalyzeRequest(papers=[PAPER]).model_dump(mode="json")
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/analyze", json=request, timeout=COMMAND_TIMEOUT_S)
        [result] = AnalyzeResponse.model_validate(answer.raise_for_status().json()).results
    if not isinstance(result, Analysis) or result.predicted_labels != ["Cancer"] or not result.extracted_diseases:
        raise ImageError(f"the paper on lung cancer and asthma was read as {result}")
    return f"healthy after {healthy_s:.0f} s; {result.predicted_labels}, {result.extracted_diseases}"


ALWAYS: tuple[Check, ...] = (is_not_root, is_clean, lists_its_packages)
CHECKS: dict[str, tuple[Check, ...]] = {
    "cpu": (
        *ALWAYS,
        imports("pubserve", "serve.app", "bulk.job", "streams.cli", "torch", "transformers", "ray.serve", "vllm"),
        helps("pubserve", "pubserve-serve", "pubserve-models", "pubserve batch", "pubserve worker", "pubserve agent"),
        serves_a_paper,
    ),
    # Its compiler is there on purpose, and to serve it needs a GPU.
    "gpu": (
        is_not_root,
        lists_its_packages,
        computes_on_gpus,
        imports("serve.app", "vllm"),
        helps("pubserve", "pubserve-serve"),
    ),
    "worker": (
        *ALWAYS,
        imports("pubserve", "streams.cli", "streams.kafka", "streams.redis_streams"),
        helps("pubserve", "pubserve worker", "pubserve analyze"),
        works_while_the_broker_is_away,
    ),
    "loadtest": (
        *ALWAYS,
        imports("loadtest.load.driver", "loadtest.load.report"),
        helps("locust --locustfile loadtest/load/locustfile.py", "python -m loadtest.load"),
    ),
}
