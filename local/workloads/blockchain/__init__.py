"""The blockchain service's tools: requests made with their right verdict, and verdicts explained."""
