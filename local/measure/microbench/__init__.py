"""How fast the services are: `make bench`. The framework is `measure`, the benchmarks are a file for each purpose."""
