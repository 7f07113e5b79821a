#!/bin/sh
# Run in an image's build stage after its packages are installed: writes down what is in it, then removes what only
# installs. `cyclonedx-py` comes from the stage.
set -eu

site=.venv/lib/python3.11/site-packages
rm -rf "$site"/uv "$site"/uv-*.dist-info .venv/bin/uv .venv/bin/uvx
rm -rf "$site"/pip "$site"/pip-*.dist-info .venv/bin/pip* "$site"/setuptools "$site"/setuptools-*.dist-info
cyclonedx-py environment --output-file sbom.cdx.json .venv
