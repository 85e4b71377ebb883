"""`siprouter demo`: the router and two simulated phones on real sockets of the loopback interface."""
