"""Plain FastAPI on uvicorn: parses what the service parses, answers at once in the same shape. No models, no Ray."""

from fastapi import FastAPI

from loadtest.bench.measurement import Work
from loadtest.bench.peers.peer import OverHttp, Peer
from loadtest.bench.peers.pubserve import ECHO_LOADS, papers_call
from pubserve.contract import Analysis, AnalyzeRequest, AnalyzeResponse, Mention, ModelNames, Paper, Timings, Usage

ECHO = Peer(
    name="fastapi-echo",
    runs="Plain FastAPI on uvicorn that parses the same request and answers at once in the same shape.",
    program=("-m", "uvicorn", "loadtest.bench.peers.echo:app", "--port", "{port}", "--log-level", "warning"),
    works=(Work.ANALYZE,),
    drive=OverHttp(papers_call),
    drops_abandoned=True,
    loads=ECHO_LOADS,
)

app = FastAPI()


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/v1/analyze")
async def analyze(request: AnalyzeRequest) -> AnalyzeResponse:
    tokens = sum(len(paper.title or "") + len(paper.abstract or "") for paper in request.papers) // 4
    return AnalyzeResponse(
        results=[_analysis(paper) for paper in request.papers],
        usage=Usage(
            papers=len(request.papers), failed=0, prompt_tokens=tokens, completion_tokens=0, total_tokens=tokens
        ),
    )


def _analysis(paper: Paper) -> Analysis:
    """The first word of every paper is a disease, as `loadtest.simulated` has it."""
    text = paper.title or paper.abstract or "-"
    word = text.split(maxsplit=1)[0]
    return Analysis(
        abstract_id=paper.id,
        predicted_labels=["Cancer"],
        confidence_scores={"Cancer": 0.9, "Non-Cancer": 0.1},
        extracted_diseases=[word],
        mentions=[Mention(text=word, field="title", start=0, end=len(word), disease=word, confidence=1.0)],
        models=ModelNames(classifier="echo@0", extractor="echo@0"),
        timings_ms=Timings(queue=0.0, classify=0.0, extract=0.0),
    )
