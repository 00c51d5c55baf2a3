"""Tables in the documents that are made from the code, so that they cannot drift."""
