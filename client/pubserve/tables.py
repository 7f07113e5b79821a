"""Results as rows: for pandas, CSV and Parquet."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from pubserve.contract import Analysis, AnalyzeResponse, Result

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]

Rows = Literal["papers", "mentions"]


def to_dataframe(results: Iterable[Result] | AnalyzeResponse, *, rows: Rows = "papers") -> "pandas.DataFrame":
    """A pandas DataFrame with one row a paper, or one row a mention. Needs `pip install 'pubserve[pandas]'`.

    `results` may be what any method of a client gives: results as they arrive, all at once, or a response.

    >>> from pubserve import Client
    >>> from pubserve.testing import MockTransport
    >>> client = Client(transport=MockTransport())
    >>> frame = to_dataframe(client.analyze_many([{"id": 1, "title": "Lung cancer."}, {"id": 2, "title": "Asthma."}]))
    >>> frame[["abstract_id", "labels", "confidence_Cancer"]]
      abstract_id      labels  confidence_Cancer
    0           1      Cancer                0.9
    1           2  Non-Cancer                0.1
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("to_dataframe needs pandas: pip install 'pubserve[pandas]'", name="pandas") from error

    if isinstance(results, AnalyzeResponse):
        results = results.results
    return pandas.DataFrame.from_records(list(paper_rows(results) if rows == "papers" else mention_rows(results)))


def paper_rows(results: Iterable[Result]) -> Iterator[dict[str, Any]]:
    """One flat row a paper: lists joined by `; `, one column a confidence, `error` where the paper has one."""
    for result in results:
        if isinstance(result, Analysis):
            yield {
                "abstract_id": result.abstract_id,
                "labels": "; ".join(result.predicted_labels),
                **{f"confidence_{label}": score for label, score in result.confidence_scores.items()},
                "diseases": "; ".join(result.extracted_diseases),
                "mentions": len(result.mentions),
                "citations": "; ".join(result.citations),
                "topics": "; ".join(result.topics),
                "summary": result.summary,
                "warnings": "; ".join(result.warnings),
                "error": None,
            }
        else:
            yield {"abstract_id": result.abstract_id, "error": result.error.message}


def mention_rows(results: Iterable[Result]) -> Iterator[dict[str, Any]]:
    """One flat row a mention, with the id of its paper; the ids of the disease are columns of their own."""
    for result in results:
        for mention in result.mentions if isinstance(result, Analysis) else ():
            values = mention.model_dump()
            ids = values.pop("ids")
            yield {"abstract_id": result.abstract_id, **values, **ids}
