cimport cython

cdef dict _HASHES

cpdef bint is_known_algorithm(str algorithm) except -1

@cython.locals(name=str)
cdef str _base(str algorithm)
cpdef str hash_hex(str algorithm, bytes data)

@cython.locals(algorithm=str, expected=str)
cpdef bint check_response(credentials, str ha1, str method, bytes body=*) except -1
