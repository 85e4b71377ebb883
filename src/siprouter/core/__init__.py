"""The spine: what a module declares, what a message carries, what a worker owns."""
