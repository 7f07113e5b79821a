"""Numbers are citations where nothing else makes sense of them."""

import pytest

from serve.text.citations import Kind, find_citations


def cited(text: str) -> list[tuple[str, tuple[int, ...]]]:
    found = [citation for citation in find_citations(text) if citation.reference.kind is Kind.NUMERIC]
    return [(text[citation.start : citation.end], citation.reference.numbers) for citation in found]


@pytest.mark.parametrize(
    ("text", "written", "numbers"),
    [
        ("Relapse is common [12].", "[12]", (12,)),
        ("Relapse is common [1,2-5] in adults.", "[1,2-5]", (1, 2, 3, 4, 5)),
        ("Relapse is common [ 3, 7 ; 9 ].", "[ 3, 7 ; 9 ]", (3, 7, 9)),
        ("Relapse is common[4].", "[4]", (4,)),
        ("It grows in vitro[4].", "[4]", (4,)),
        ("Hall et al. [8] saw no relapse.", "[8]", (8,)),
        ("We blocked IL-6 [5], as others did.", "[5]", (5,)),
        ("Little is known of COVID-19 [2\u20134].", "[2\u20134]", (2, 3, 4)),
        ("Relapse is common¹⁻³.", "¹⁻³", (1, 2, 3)),
        ("Relapse is common.¹² Cure is not.", "¹²", (12,)),
        ("It spreads in adults²,⁵ and children.", "²,⁵", (2, 5)),
    ],
)
def test_a_citation_by_number_is_read(text: str, written: str, numbers: tuple[int, ...]) -> None:
    assert cited(text) == [(written, numbers)]


@pytest.mark.parametrize(
    "text",
    [
        "Median age was 54 [50-59] years.",
        "Age 68 [62-73] against 61 [41-56].",
        "The median [12-30] was exceeded.",
        "The ratio was 1.3 [95% CI 1.2-3.4].",
        "In 66 [80%] of 83 patients and 35 [63] of 55.",
        "FVC was 59% ([52-72]) and DLco 44% [35-50].",
        "It took 12 months [6-18] and 3.5 mg [2-4].",
        "Survival was 41 [19-24] months.",
        "Uptake of [18F]FDG and of [3H]thymidine rose.",
        "Binding of [3H]-naloxone and [131I]iodide.",
        "We made benzo[1,2-b]furan and imidazo[1,2-a]quinoline.",
        "A bicyclo[2,2,1] ring and a benzo[4] unit.",
        "PtdIns [4, 5] P2 was hydrolysed.",
        "Scores were scaled to the interval [0, 1].",
        "Values lay in a range [1, 10].",
        "The vector [3, 1] was normalised.",
        "A wide span of works [1-900] is none.",
        "Our aims: [1] to find out, [2] to tell and [3] to rest.",
        "We enrolled type [2] lesions.",
        "Platelets were above 50 x 10[9]/L.",
    ],
)
def test_other_numbers_in_square_brackets_are_none(text: str) -> None:
    assert cited(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "We saw 10² cells/m² and Ca²⁺ in CD4⁺ cells.",
        "R² was high, as was height².",
        "Platelets were 30 \u00d7 10⁹/L at a rate of 5 min⁻¹.",
        "The Apc¹²³ allele and Fe³⁺.",
        "The codes of Thr¹² and p¹⁶.",
    ],
)
def test_powers_charges_and_alleles_are_none(text: str) -> None:
    assert cited(text) == []


def test_round_brackets_that_count_up_at_sentence_ends_are_citations() -> None:
    text = "They arise from skin (1). Adults have them (2). They resemble tags (1,2). They hurt (3)."

    assert [numbers for _, numbers in cited(text)] == [(1,), (2,), (1, 2), (3,)]


@pytest.mark.parametrize(
    "text",
    [
        "We show that (1) mice recover, (2) rats do not.",
        "We show that rats recover (1).",
        "There were men (14). There were women (12).",
        "They arise from skin (1). Adults have them (5).",
        "Mice were put in group (1). Rats were put in group (2).",
        "There were few (n = 12) and 1 x 10(9)/L.",
    ],
)
def test_other_numbers_in_round_brackets_are_none(text: str) -> None:
    assert cited(text) == []
