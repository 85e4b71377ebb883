"""Command lines, without logic."""
