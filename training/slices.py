"""Papers close to the border between the labels, found by the words they use.

Each slice is a pattern over title and abstract, broad on purpose: it says what a paper mentions, not what it is about,
and holds papers of both labels. Figures on a slice show where a model that only counts words would go wrong.
"""

import re

SLICES = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "benign tumours": r"\b(?:benign|adenomas?|fibroadenomas?|lipomas?|h(?:a)?emangiomas?|meningiomas?|leiomyomas?"
        r"|fibroids?|osteochondromas?|ameloblastomas?|schwannomas?|nevus|nevi|naevus|naevi)\b",
        "screening and prevention": r"\b(?:screening|mammogra\w+|colonoscop\w+|pap (?:smear|test)s?|cervical cytology"
        r"|fecal occult|faecal occult|chemoprevent\w+|vaccin\w+)\b",
        "tumour syndromes": r"\b(?:neurofibromatosis|NF[12]|tuberous sclerosis|von hippel[- ]lindau"
        r"|cowden|peutz[- ]jeghers|li[- ]fraumeni|lynch syndrome|polyposis|multiple endocrine neoplasia|gorlin)\b",
        "mastocytosis and histiocytosis": r"\b(?:\w*mastocyt\w+|mast cell (?:activation|disease)\w*|\w*histiocyt\w+"
        r"|erdheim[- ]chester|rosai[- ]dorfman)\b",
        "cancer drugs used elsewhere": r"\b(?:methotrexate|cyclophosphamide|rituximab|bevacizumab|azathioprine"
        r"|mercaptopurine|hydroxyurea|hydroxycarbamide|mitoxantrone|thalidomide|tamoxifen|imatinib)\b",
        "precancer and dysplasia": r"\b(?:dysplas\w+|premalignan\w+|pre-malignan\w+|precancer\w*|leukoplakia|barrett\S*"
        r"|intraepithelial (?:lesion|neoplasia)\w*|actinic keratos\w+|carcinoma in situ|monoclonal gammopath\w+)\b",
        "oncogenic infections": r"\b(?:HPV|(?:human )?papillomavirus\w*|hepatitis [BC]|HBV|HCV|helicobacter|H\. pylori"
        r"|epstein[- ]barr|EBV|HTLV-?1|HHV-?8|schistosom\w+|opisthorch\w+)\b",
        "oncogenes in basic biology": r"\b(?:p53|TP53|(?:proto-?)?oncogen\w+|tumou?r suppressor\w*|c-?myc|k?ras|src"
        r"|BRCA[12]|PTEN|tumou?r necrosis factor\S*)\b",
    }.items()
}


def near_miss_slices(text: str) -> list[str]:
    """The names of the slices this text (title and abstract) belongs to, in the order of `SLICES`; often none."""
    return [name for name, pattern in SLICES.items() if pattern.search(text)]
