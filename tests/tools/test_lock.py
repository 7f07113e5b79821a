"""What lock files have to say beside exact versions."""

from pathlib import Path

from tools.audit import locked

REQUIREMENTS = Path("requirements")


def test_where_gpus_compute_no_index_can_slip_in_a_cpu_build_of_torch() -> None:
    lines = (REQUIREMENTS / "gpu.lock").read_text().splitlines()

    # `torch==2.13.0` is fulfilled by 2.13.0+cpu, and installers take that one for the newer.
    assert f"torch==={locked('gpu')['torch']}" in lines
    assert "+cpu" not in locked("gpu")["torch"]


def test_where_cpus_compute_torch_is_their_own_build() -> None:
    assert locked("cpu")["torch"].endswith("+cpu")
