"""The examples in docstrings and in the guide run as they stand, without a network."""

import asyncio
import doctest
import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

import pubserve
from pubserve.testing import MockTransport

README = Path(__file__).parents[2] / "client" / "README.md"
MODULES = [
    "pubserve",
    *(module.name for module in pkgutil.walk_packages(pubserve.__path__, "pubserve.") if "__main__" not in module.name),
]
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_print_what_they_say(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS).failed == 0


def test_there_are_examples_of_both_clients_and_of_the_mock() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {test.name for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples}

    assert {"pubserve._client.Client.analyze_many", "pubserve._async_client.AsyncClient.analyze_many"} <= found
    assert "pubserve.testing.MockTransport" in found


@pytest.mark.parametrize("code", EXAMPLES)
def test_examples_in_the_guide_run(code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "papers.csv").write_text("id,title,abstract\n1,Lung cancer.,Text.\n")
    for kind in (httpx.Client, httpx.AsyncClient):
        make = kind.__init__

        def with_mock(self: Any, *args: Any, _make: Any = make, **options: Any) -> None:
            _make(self, *args, **{**options, "transport": options.get("transport") or MockTransport()})

        monkeypatch.setattr(kind, "__init__", with_mock)
    names: dict[str, Any] = {"papers": [{"id": "1", "title": "Lung cancer."}]}
    code = "async def example():\n" + "".join(f"    {line}\n" for line in code.splitlines())

    exec(compile(code, str(README), "exec"), names)
    asyncio.run(names["example"]())
