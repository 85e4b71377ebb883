"""Calling declared RPC and MI commands, and the codecs that carry the calls."""
