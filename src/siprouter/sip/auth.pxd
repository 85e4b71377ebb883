cimport cython

cdef object _PARAM
cdef object _OPEN_QUOTE
cdef int MAX_PARAMS

@cython.locals(at=Py_ssize_t, end=Py_ssize_t, found=dict, name=str)
cdef dict _parse_auth_params(str text)

@cython.locals(scheme=str, rest=str)
cpdef parse_auth(str text)
