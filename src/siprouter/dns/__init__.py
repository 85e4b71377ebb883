"""RFC 3263 as a pure plan, with a cache and a resolver client of our own."""
