"""A guide that lies beside what it is about is a page of the site, and its links lead to pages."""

from pathlib import Path

import pytest

from tools.docs import cards


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[how](../docs/how-to/own-adapter.md)", "[how](/how-to/own-adapter.md)"),
        ("[how](../../docs/how-to/own-adapter.md)", "[how](/how-to/own-adapter.md)"),
        ("[the other](../disease-tagger/README.md)", "[the other](disease-tagger.md)"),
        ("[out](https://example.org/docs/)", "[out](https://example.org/docs/)"),
    ],
)
def test_links_between_guides_lead_to_their_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str, shown: str
) -> None:
    monkeypatch.setattr(cards, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text(f"# A title\n\n{link}\n", encoding="utf-8")

    assert cards.card("README.md").strip() == shown
