"""The container platform: a uvicorn shim that serves the bundle's traffic in pods, and by hand on one machine."""
