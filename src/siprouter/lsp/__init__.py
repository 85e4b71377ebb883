"""The language server: what editors show about a configuration (Language Server Protocol 3.17).

A process of its own reads and checks (`analyst.py`), so that no configuration can stop or slow the server; the server
(`server.py`) answers from what that process found last and from the declarations of the modules.
"""
