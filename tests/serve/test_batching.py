"""Batches stay within their budget of tokens, lose no text and waste little on padding."""

from hypothesis import given
from hypothesis import strategies as st

from serve.batching import padding_share, plan_batches

lengths = st.lists(st.integers(min_value=1, max_value=600), max_size=60)


@given(lengths, st.integers(min_value=1, max_value=2048))
def test_every_text_is_in_exactly_one_batch_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = list(plan_batches(lengths, max_batch_tokens=budget))

    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(lengths[i] for i in batch)
        assert padded <= budget or len(batch) == 1


def test_texts_of_like_length_share_a_batch() -> None:
    assert list(plan_batches([10, 300, 12, 310], max_batch_tokens=620)) == [[3, 1], [2, 0]]


def test_the_padding_share_is_what_padding_adds() -> None:
    assert padding_share([100, 100]) == 0
    assert padding_share([100, 50]) == 0.25
