"""A container engine of this project's own, and a base image made on this machine: for checks that nobody's engine sees."""
