"""An HTTP client for small files that messages refer to."""
