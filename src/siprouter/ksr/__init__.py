"""Routing logic in other languages: what the loaded modules declare, called from Python and Lua."""
