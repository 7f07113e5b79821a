"""Which model to run: as good as the best, as far as these papers can tell, and then the cheapest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.evaluation.comparison import mcnemar
from training.evaluation.metrics import accuracy
from training.evaluation.predictions import Predictions, paired

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Running:
    """What a model needs to run: parameters, its speed on one machine, and that machine's price."""

    parameters: int
    papers_per_s: float
    price_per_hour: float

    @property
    def cost_per_million_papers(self) -> float:
        """In the currency of the price, the machine fully used."""
        return 1e6 / self.papers_per_s * self.price_per_hour / SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Choice:
    """The model to run and the reason, and the models that were not ruled out, most accurate first."""

    model: str
    reason: str
    as_good: tuple[str, ...]


def choose(models: Sequence[Predictions], running: Mapping[str, Running], *, alpha: float = 0.05) -> Choice:
    """The cheapest of the models that McNemar's test does not tell from the most accurate one.

    The test is not corrected for the number of models: a stricter test would rule out fewer of them, and so favour
    cheap models on small sets.

    Raises:
        MismatchedPredictions: the models did not predict the same papers.
        KeyError: a model has no entry in `running`.
    """
    ranked = sorted(paired(*models), key=lambda model: accuracy(model).value, reverse=True)
    best = ranked[0]
    as_good = [model for model in ranked if model is best or mcnemar(best, model).p >= alpha]
    cheapest = min(as_good, key=lambda model: running[model.model].cost_per_million_papers)
    cost, of_best = (running[model.model].cost_per_million_papers for model in (cheapest, best))
    if cheapest is best:
        reason = f"The highest accuracy, {accuracy(best)}, is that of {best.model}, and no model as good costs less."
    else:
        reason = (
            f"{cheapest.model} costs {cost:,.2f} per million papers against {of_best:,.2f} of {best.model}, the most "
            f"accurate; on these {best.n} papers their accuracies ({accuracy(cheapest)} and {accuracy(best)}) cannot "
            f"be told apart (exact McNemar p = {mcnemar(best, cheapest).p:.2f})."
        )
    return Choice(model=cheapest.model, reason=reason, as_good=tuple(model.model for model in as_good))
