"""The bill as AWS exports it, beside what the price book says for the same usage."""
