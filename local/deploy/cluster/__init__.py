"""A Kubernetes cluster of one node on this machine, of the upstream programs: for `make test-cluster`."""
