"""PMIDs of papers that fit a question, by PubMed's own search: esearch, beside the efetch that papers come from."""

import os

import httpx

from pubserve.errors import PubMedUnavailable
from pubserve.pubmed import API_KEY_VARIABLE, EFETCH_URL, EMAIL_VARIABLE, TIMEOUT_S, URL_VARIABLE, is_pmid


async def search(question: str, *, most: int) -> list[str]:
    """The most relevant papers first. The question may use PubMed's search terms, such as `asthma[ti]`.

    Raises:
        PubMedUnavailable: NCBI does not answer, or not as it should.
    """
    url = (os.environ.get(URL_VARIABLE) or EFETCH_URL).replace("efetch", "esearch")
    who = {"tool": "pubserve", "email": os.environ.get(EMAIL_VARIABLE), "api_key": os.environ.get(API_KEY_VARIABLE)}
    form = {"db": "pubmed", "retmode": "json", "sort": "relevance", "retmax": str(most), "term": question}
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
            response = await http.post(url, data={**form, **{name: value for name, value in who.items() if value}})
        response.raise_for_status()
        found = response.json()["esearchresult"]["idlist"]
        return [pmid for pmid in found if isinstance(pmid, str) and is_pmid(pmid)][:most]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        message = f"NCBI did not search PubMed: {str(error) or type(error).__name__}"
        raise PubMedUnavailable(message, hint="try again later.") from error
