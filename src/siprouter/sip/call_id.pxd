cimport cython

cdef bytes NAME
cdef Py_ssize_t NAME_LENGTH

@cython.locals(p="const unsigned char *", i=Py_ssize_t, end=Py_ssize_t, colon=Py_ssize_t)
cpdef bytes find_call_id(bytes buf)

@cython.locals(p="const unsigned char *", q="const unsigned char *", i=Py_ssize_t)
cdef Py_ssize_t _colon(bytes buf, Py_ssize_t start, Py_ssize_t end) except -1

@cython.locals(p="const unsigned char *", stop=Py_ssize_t, value=bytes)
cdef bytes _value(bytes buf, Py_ssize_t start, Py_ssize_t end)
