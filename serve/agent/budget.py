"""What a run may ask of the language model, counted as it is spent."""

from serve.agent.messages import Limit, Spent
from serve.text.document import CHARS_PER_TOKEN


class OutOfBudget(Exception):
    """The next call would go beyond a limit of the run."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit = limit


class Budget:
    """Calls and tokens that are left. A call is reserved before it is made, so that calls at once stay within, too."""

    def __init__(self, max_calls: int, max_tokens: int, spent: Spent) -> None:
        self.spent = Spent()
        self.reached: Limit | None = None
        self._calls_left = max_calls - spent.llm_calls
        self._tokens_left = max_tokens - spent.tokens

    def reserve(self, chars: int, max_output_tokens: int) -> int:
        """Make room for a call with so much text; the tokens to give back when it is over.

        Raises:
            OutOfBudget: naming the limit.
        """
        tokens = chars // CHARS_PER_TOKEN + max_output_tokens
        if self._calls_left < 1:
            self._refuse(Limit.LLM_CALLS)
        if self._tokens_left < tokens:
            self._refuse(Limit.LLM_TOKENS)
        self._calls_left -= 1
        self._tokens_left -= tokens
        return tokens

    def settle(self, reserved: int, prompt_tokens: int, completion_tokens: int) -> None:
        """A call is over, and took so much of what was reserved for it."""
        self._tokens_left += reserved - prompt_tokens - completion_tokens
        self.spent += Spent(llm_calls=1, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)

    def _refuse(self, limit: Limit) -> None:
        self.reached = limit
        raise OutOfBudget(limit)
