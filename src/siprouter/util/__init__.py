"""Leaf helpers that know nothing of SIP routing."""
