"""What people see: pure functions from values to Slack's blocks; no session, no client, no clock."""
