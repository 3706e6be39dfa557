"""The booking module: model, rules, use cases, storage. Knows no Slack, no HTTP, no scheduler, no environment."""
