"""One folder for each SIP Router module: `__init__.py` declares, topic files do the work, `README.md` is the manual."""
