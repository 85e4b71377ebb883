"""siprouter: runs SIP Router 3.1 (Kamailio, SER) configurations in Python."""
