"""The edges: Slack and HTTP in, Slack and HTTP out; parsing and rendering, no SQL."""
