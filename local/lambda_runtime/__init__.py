"""Lambda without Docker: AWS's own runtime client, driven through emulated environments, front doors and a bill."""
