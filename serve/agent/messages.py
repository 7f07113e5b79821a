"""What goes into a run of the agent, what it says on its way, and what comes out. Nothing heavy is imported here."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from pubserve.contract import ErrorBody, Paper, Request, Wire
from serve.text.document import UNREADABLE

MOST_FOUND = 200
RUN_ID = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"

RunId = Annotated[str, StringConstraints(pattern=f"^{RUN_ID}$")]
Pmid = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,7}$")]
Label = Literal["Cancer", "Non-Cancer"]


def _readable(text: str) -> str:
    return UNREADABLE.sub("\ufffd", text)


class RunRequest(Request):
    """A question, and papers to ask it of: given, by PMID, or found in PubMed. Its limits only lower the settings'."""

    question: str | None = Field(
        default=None, max_length=2_000, examples=["Does chemotherapy prolong survival after resection?"]
    )
    pmids: list[Pmid] = Field(default=[], description="Fetched from PubMed.", examples=[[]])
    papers: list[Paper] = []
    find: int = Field(default=0, ge=0, le=MOST_FOUND, description="Papers to look for in PubMed by the question.")
    approve: bool = Field(default=False, description="Stop after the second readings until someone approves of them.")
    summarise: bool = Field(default=True, description="Without, the run ends with readings and citations.")
    run_id: RunId | None = Field(default=None, description="A name for the run; made up where there is none.")
    max_llm_calls: int | None = Field(default=None, ge=0)
    max_llm_tokens: int | None = Field(default=None, ge=0)

    @field_validator("papers")
    @classmethod
    def _can_be_kept(cls, papers: list[Paper]) -> list[Paper]:
        """What no encoder carries is replaced one for one, as the service does before it reads a paper."""
        return [Paper(**{name: text and _readable(text) for name, text in paper}) for paper in papers]

    @model_validator(mode="after")
    def _there_is_something_to_read(self) -> Self:
        if self.find and not self.question:
            raise ValueError("`find` looks for papers by the question; give a `question`")
        if not (self.pmids or self.papers or self.find):
            raise ValueError("there is nothing to read; give `papers`, `pmids`, or a `question` and `find`")
        return self

    @property
    def most_papers(self) -> int:
        """How many there are, if all are found."""
        return len(self.papers) + len(self.pmids) + self.find


class Decision(Request):
    """What someone says of the second readings of a run that waits for it."""

    approved: bool = Field(description="False keeps the first answers of all papers.")


class Doubt(StrEnum):
    """Why the first answer on a paper is uncertain."""

    NEAR_THRESHOLD = "near_threshold"
    NOT_ONE_LABEL = "not_one_label"
    DISEASES_DISAGREE = "labels_disagree_with_diseases"


class Outcome(StrEnum):
    """What became of a second reading; the first answer stands unless it is `changed`."""

    CHANGED = "changed"
    CONFIRMED = "confirmed"
    QUOTE_NOT_FOUND = "quote_not_found"
    NO_ANSWER = "no_answer"
    MODEL_UNAVAILABLE = "model_unavailable"
    OUT_OF_BUDGET = "out_of_budget"
    NOT_APPROVED = "not_approved"


class Evidence(Wire):
    """Words of a paper: `text` is `field[start:end]` of the paper as it came."""

    paper_id: str
    field: Literal["title", "abstract"]
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str


class SecondReading(Wire):
    """What the language model said of an uncertain paper, and the words that it rests on."""

    outcome: Outcome
    label: Label | None = None
    evidence: Evidence | None = None


class Reading(Wire):
    """One paper: what the service read, why that is uncertain, and what a second reading made of it."""

    paper_id: str
    title: str = ""
    labels: list[str] = Field(description="The final answer.")
    first_labels: list[str] = Field(description="The service's own.")
    confidence_scores: dict[str, float] = {}
    diseases: list[str] = []
    citations: list[str] = []
    conclusion: str | None = Field(default=None, description="Sentences of the paper that say what it found.")
    doubts: list[Doubt] = []
    second: SecondReading | None = None


class LeftOut(Wire):
    """A paper that was asked for and is not in the report, and why."""

    paper_id: str
    reason: str


class Cited(Wire):
    """What papers of the set cite, and which paper of the set that is, if it is one."""

    text: str
    by: list[str]
    paper_id: str | None = None


class Claim(Wire):
    """One sentence of the summary and what it rests on, at least one place in one paper."""

    text: str
    evidence: list[Evidence] = Field(min_length=1)


class ModelCheck(StrEnum):
    """Whether the language model can be trusted to quote: it is tried on two papers with known answers."""

    ABLE = "able"
    TOO_WEAK = "model_too_weak"
    UNAVAILABLE = "model_unavailable"
    OFF = "off"


class Spent(Wire):
    """What the language model was asked for."""

    llm_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            llm_calls=self.llm_calls + other.llm_calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


class Limit(StrEnum):
    """A bound of a run that was reached; what was open then is left as it was."""

    STEPS = "steps"
    LLM_CALLS = "llm_calls"
    LLM_TOKENS = "llm_tokens"


class Adjudication(Wire):
    """The second readings of a run, in figures."""

    status: Literal["done", "not_needed", "not_approved", "limit_reached", "model_too_weak", "model_unavailable", "off"]
    uncertain: int = 0
    changed: int = 0
    confirmed: int = 0
    kept: int = Field(default=0, description="First answers that stand without a second reading that holds.")


class Summary(Wire):
    """Claims about the set."""

    written_by: Literal["model", "papers", "nobody"] = Field(
        default="nobody", description="`papers`: sentences of the papers themselves, where no model could be trusted."
    )
    claims: list[Claim] = []
    dropped: int = Field(default=0, description="Claims of the model whose pointers or quotations did not hold.")
    unread: int = Field(default=0, description="Papers that the limits left no room for.")


class Step(Wire):
    """One step of a run, as it is streamed and as the transcript keeps it. It never holds the text of a paper."""

    number: int
    name: str
    said: str
    seconds: float


class Report(Wire):
    """What a finished run came to."""

    run_id: str
    question: str | None = None
    readings: list[Reading]
    left_out: list[LeftOut] = []
    adjudication: Adjudication
    citations: list[Cited] = []
    summary: Summary
    spent: Spent
    limit_reached: Limit | None = None
    steps: list[Step] = []


class Change(Wire):
    """A label that a second reading would change."""

    paper_id: str
    before: list[str]
    after: list[str]
    evidence: Evidence


class Started(Wire):
    """The first event of a run, or of going on with one."""

    event: Literal["started"] = "started"
    run_id: str


class StepDone(Wire):
    """A step of the run is done and kept: whatever happens now, the run goes on from here."""

    event: Literal["step"] = "step"
    run_id: str
    step: Step


class AwaitsApproval(Wire):
    """The run stops until someone has decided; it keeps, for as long as that takes."""

    event: Literal["approval"] = "approval"
    run_id: str
    changes: list[Change]


class Done(Wire):
    """The last event of a run that came to its end."""

    event: Literal["done"] = "done"
    run_id: str
    report: Report


class Broken(Wire):
    """The last event of a run that could not go on; it can be resumed."""

    event: Literal["error"] = "error"
    run_id: str
    error: ErrorBody


Event = Started | StepDone | AwaitsApproval | Done | Broken


class RunView(Wire):
    """A run as it stands now."""

    run_id: str
    status: Literal["unfinished", "awaits_approval", "done"]
    question: str | None = None
    steps: list[Step] = []
    changes: list[Change] = Field(default=[], description="What there is to approve of.")
    report: Report | None = None
