"""Container engines: anybody's, or one for a single check, with a base image that this machine makes by itself."""
