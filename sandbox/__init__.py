"""A strict local stand-in for Slack, for the demo and the tests."""
