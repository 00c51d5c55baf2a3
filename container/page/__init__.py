"""The page and the JSON that it asks for."""
