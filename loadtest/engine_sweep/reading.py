"""One engine, and what it took to read the prompts with it. Runs in a process of its own: an engine never quite goes.

python -m loadtest.engine_sweep.reading < order.json
"""

import sys
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Order(_Message):
    """What the engine is started with, and what it is asked."""

    model: str
    """Folder of the weights."""
    dtype: str
    engine: dict[str, Any]
    prompts: list[list[str]]
    """Of each paper, the prompts for its parts."""
    answer_schema: dict[str, Any]
    max_output_tokens: int
    rounds: int
    out: Path
    """Where the reading goes."""


class Reading(_Message):
    """What came of it. `read_s` is the best of the rounds."""

    start_s: float
    read_s: float
    prompt_tokens: int
    decoded_tokens: int
    answers: list[list[str]]


def read(order: Order) -> Reading:
    """Start the engine and have it answer all prompts at once, round after round."""
    from vllm import LLM, SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    began_s = time.perf_counter()
    engine = LLM(
        model=order.model,
        dtype=order.dtype,
        structured_outputs_config={"backend": "xgrammar", "disable_any_whitespace": True},
        **order.engine,
    )
    sampling = SamplingParams(
        temperature=0.0,
        max_tokens=order.max_output_tokens,
        structured_outputs=StructuredOutputsParams(json=order.answer_schema),
    )
    flat = [prompt for of_paper in order.prompts for prompt in of_paper]
    engine.generate(flat[:1], sampling, use_tqdm=False)
    start_s = time.perf_counter() - began_s
    best_s = float("inf")
    for _ in range(order.rounds):
        # A round finds what the service would find: the instructions, which all prompts share, and no more.
        engine.reset_prefix_cache()
        engine.generate(flat[:1], sampling, use_tqdm=False)
        began_s = time.perf_counter()
        outputs = engine.generate(flat, sampling, use_tqdm=False)
        best_s = min(best_s, time.perf_counter() - began_s)
    texts = iter(output.outputs[0].text for output in outputs)
    return Reading(
        start_s=start_s,
        read_s=best_s,
        prompt_tokens=sum(len(output.prompt_token_ids) for output in outputs),
        decoded_tokens=sum(len(output.outputs[0].token_ids) for output in outputs),
        answers=[[next(texts) for _ in of_paper] for of_paper in order.prompts],
    )


if __name__ == "__main__":
    order = Order.model_validate_json(sys.stdin.read())
    order.out.write_text(read(order).model_dump_json(), encoding="utf-8")
