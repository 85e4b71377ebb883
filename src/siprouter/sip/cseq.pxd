cimport cython

cdef bytes TOKEN_CHARS
cdef tuple METHOD_OCTETS
cdef bytes METHOD_SLOTS
cdef tuple METHOD_NAMES

@cython.final
@cython.freelist(32)
cdef class CSeq:
    cdef readonly unsigned int number
    cdef readonly str method
    cdef readonly int method_id
    cdef readonly Py_ssize_t number_start
    cdef readonly Py_ssize_t number_end
    cdef readonly Py_ssize_t method_start
    cdef readonly Py_ssize_t method_end

@cython.locals(p="const unsigned char *", tok="const unsigned char *", i=Py_ssize_t, value="unsigned long long",
               cseq=CSeq)
cpdef CSeq parse_cseq(bytes buf, Py_ssize_t start, Py_ssize_t end)

@cython.locals(p="const unsigned char *", q="const unsigned char *", slots="const unsigned char *", i=Py_ssize_t,
               length=Py_ssize_t, number=int, octets=bytes)
cpdef int find_method(bytes buf, Py_ssize_t start, Py_ssize_t end) except -1
