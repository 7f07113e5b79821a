"""Arguments and options that the commands about the extractor share."""

from pathlib import Path
from typing import Annotated

import typer

CONFIGS = Path(__file__).parents[1] / "configs"
CORPORA = CONFIGS / "corpora" / "ncbi-bc5cdr.yaml"

Data = Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="DATA", help="Folder of the corpora.")]
Corpora = Annotated[Path, typer.Option(exists=True, help="Which papers to train on, and which to measure on.")]
Config = Annotated[Path, typer.Option(exists=True, help="The configuration to train with.")]
