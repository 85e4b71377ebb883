"""A RADIUS client (RFC 2865, 2866) that never blocks: configuration, dictionary, packets, servers, the journal."""
