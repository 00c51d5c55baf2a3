"""`sam local` on this project's template: an engine of its own, a stand-in image, and the answers checked."""
