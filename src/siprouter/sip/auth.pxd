cimport cython

cdef int MAX_PARAMS
cdef bytes TOKEN_CHARS


cdef class AuthParams:
    cdef readonly str scheme
    cdef readonly dict params

    cpdef str get(self, str name)

@cython.locals(scheme=str, rest=str)
cpdef AuthParams parse_auth(str text)

@cython.locals(at=Py_ssize_t, end=Py_ssize_t, size=Py_ssize_t, start=Py_ssize_t, found=dict, name=str,
               token="const unsigned char *")
cdef dict _parse_auth_params(str text)

cdef Py_ssize_t _behind_spaces(str text, Py_ssize_t at, Py_ssize_t size) except -1
