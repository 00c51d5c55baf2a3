"""HTTP at the container: the server protocol with its limits on sizes, times and connections."""
