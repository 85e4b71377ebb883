"""Side by side with Debian's Kamailio: CPU per call and per message, rates, latency, memory. ``make bench``."""
