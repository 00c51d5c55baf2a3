"""The Helm chart of `container/chart`: rendered with every values file, and checked."""
