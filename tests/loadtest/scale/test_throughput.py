"""What a study concludes: which part of the service gives out first."""

import pytest

from loadtest.scale.components import Use, part_of
from loadtest.scale.report import throughput_markdown
from loadtest.scale.throughput import Step, Study, ceilings

STUDY = Study(tokens_per_s=1600, tokens_per_paper=400)


def step(replicas: int, *, ingress: float, proxy: float) -> Step:
    parts = {
        "Classifier": Use(replicas, replicas * 0.01, 0.01),
        "HTTP proxy": Use(1, proxy, proxy),
        "Ingress": Use(1, ingress, ingress),
        "Serve controller": Use(1, 0.05, 0.05),
    }
    return Step(replicas=replicas, papers_per_s=4.0 * replicas, efficiency=1.0, of_stated=1.0, failed=0, parts=parts)


def test_the_part_with_the_lowest_ceiling_gives_out_first() -> None:
    steps = [step(1, ingress=0.02, proxy=0.01), step(26, ingress=0.22, proxy=0.06)]

    first, second = ceilings(STUDY, steps)

    # 100 papers a second more cost the ingress 0.2 cores: 0.78 more are good for 390 on top of 104.
    assert (first.part, second.part) == ("Ingress", "HTTP proxy")
    assert first.ms_per_paper == pytest.approx(2)
    assert first.papers_per_s == pytest.approx(104 + 390)
    assert first.replicas == pytest.approx((104 + 390) / 4)


def test_one_step_says_nothing_of_ceilings() -> None:
    assert ceilings(STUDY, [step(1, ingress=0.02, proxy=0.01)]) == []


def test_the_report_names_what_gives_out_first() -> None:
    steps = [step(1, ingress=0.02, proxy=0.01), step(26, ingress=0.22, proxy=0.06)]

    text = throughput_markdown(STUDY, steps, ceilings(STUDY, steps))

    assert "## What gives out first: Ingress" in text
    assert "| 26 | 104.00 | 1.000 | 1.000 |" in text


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("ray::ServeReplica:pubserve:Classifier", "Classifier"),
        ("ray::ServeReplica:simulated:Ingress.handle_request", "Ingress"),
        ("VLLM::EngineCore", "Engine core"),
        ("ray::ProxyActor", "HTTP proxy"),
        ("ray::ServeController.run_control_loop", "Serve controller"),
        ("/x/ray/core/src/ray/raylet/raylet --raylet_socket_name=x", "Ray itself"),
        ("ray::IDLE", None),
        ("/usr/bin/python -m http.server", None),
    ],
)
def test_processes_are_told_apart_by_their_command_lines(command: str, part: str | None) -> None:
    assert part_of(command) == part
