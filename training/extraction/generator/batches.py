"""Examples as batches of tokens: prompt and answer in one row."""

from collections.abc import Sequence
from typing import Any

from serve.extractor.prompt import Example, Prompt, build_prompt, write_names
from training.batches import NO_LABEL, LabelledRows


class AnswerBatches(LabelledRows):
    """Prompts with their answers; the tokens of an answer are their own labels, those of a prompt have `NO_LABEL`.

    A prompt is cut into tokens as the engine does it, and an answer apart from it, for there it is generated: no token
    of training spans both. The answer ends with the token that ends a text. Rows longer than `max_tokens` are left
    out: without its end a text would have another answer.
    """

    def __init__(
        self, examples: Sequence[Example], tokenizer: Any, prompt: Prompt, *, max_tokens: int, batch_tokens: int
    ) -> None:
        asked = tokenizer([build_prompt(text, prompt.prefix) for text, _ in examples])["input_ids"]
        answered = tokenizer([write_names(names) for _, names in examples], add_special_tokens=False)["input_ids"]
        rows = [(ids, [*answer, tokenizer.eos_token_id]) for ids, answer in zip(asked, answered, strict=True)]
        rows = [(ids, answer) for ids, answer in rows if len(ids) + len(answer) <= max_tokens]
        super().__init__(
            [ids + answer for ids, answer in rows],
            [[NO_LABEL] * len(ids) + answer for ids, answer in rows],
            tokenizer,
            batch_tokens=batch_tokens,
        )
