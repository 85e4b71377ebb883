"""Listeners, endpoints, UDP, TCP: sockets to whole messages with their source, and back."""
