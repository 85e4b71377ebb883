# The arguments have no C types: these take subclasses of str and anything that has octets, as in pure Python.
cpdef str to_str(data)
cpdef bytes to_bytes(text)
