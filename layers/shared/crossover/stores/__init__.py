"""Where records live. One port, its adapters side by side, each named after what it talks to."""
