#!/bin/sh
# Run in an image's build stage after its packages are installed: removes what only installs, and the packages that are
# named, then writes down what is left. `cyclonedx-py` comes from the stage.
set -eu

.venv/bin/python -m pip uninstall --quiet --yes uv "$@"
site=.venv/lib/python3.11/site-packages
# Tests of others, and Ray's part for Java.
rm -rf "$site"/torch/test "$site"/pandas/tests "$site"/ray/jars
find "$site" -path '*/torch/bin/*' ! -name torch_shm_manager -delete
cyclonedx-py environment --output-file .venv/sbom.cdx.json .venv
