"""A job with simulated models, in a process that a test can kill: INPUT OUTPUT, and the papers of a unit."""

import sys

from bulk.job import Job, run
from bulk.storage import Location
from loadtest.simulated_bulk import LOADER
from serve.settings import Settings

if __name__ == "__main__":
    given, out, unit_papers = sys.argv[1:]
    settings = Settings(profile="cpu", bulk={"unit_papers": int(unit_papers)})
    job = Job(Location.given(given), Location.given(out), settings, loader=LOADER)
    sys.stdout.write(run(job, address="local", workers=2).model_dump_json())
