"""The stacks of `container/stacks`, checked."""
