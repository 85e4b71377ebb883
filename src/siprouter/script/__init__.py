"""The language of configuration files: from text over nodes to Python code objects."""
