"""Images built and tried out where there is no container engine, with Debian's buildah."""
