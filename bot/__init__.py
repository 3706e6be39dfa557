"""The process: settings, wiring, server, scheduler, command line."""
