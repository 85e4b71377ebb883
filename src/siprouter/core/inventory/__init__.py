"""The inventory of SIP Router 3.1 (names, arities, types, defaults) as data, and what is still missing here."""
