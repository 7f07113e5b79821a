"""A corpus of any size through both models, without HTTP, as a Ray Data job: `pubserve batch INPUT OUTPUT`."""
