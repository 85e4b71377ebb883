"""The flight recorder: what happened to chosen calls, message by message and line by line."""
