"""Lambda without Docker: artifacts of `template.yaml`, AWS's runtime client in emulated environments, the bill."""
