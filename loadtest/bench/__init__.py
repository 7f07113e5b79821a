"""This service beside other ways to do the same work: same papers, same machine, in turn, in one run."""
