"""Stopping messages on their way through the script, looking into them, and the Debug Adapter Protocol."""
