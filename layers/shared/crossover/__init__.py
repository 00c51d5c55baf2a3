"""What every Crossover function shares, on Lambda (as a layer), in the container and in tests."""
