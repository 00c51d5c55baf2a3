"""The chart of `container/chart`: helm fetched, every values file rendered, and the manifests checked."""
