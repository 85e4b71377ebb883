"""SQL and what looks like it: one small interface over plain drivers. See docs/architecture.md, "`db/` interface"."""
