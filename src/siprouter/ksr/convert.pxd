cimport cython


cdef class Folding:
    cdef object _env
    cdef object _kind
    cdef dict _kept
    cdef bint _literal


cdef class Conversions:
    cdef readonly dict _kept
    cdef str _name
    cdef tuple _converters
    cdef object _rest

    @cython.locals(found=tuple)
    cpdef tuple convert(self, ctx, tuple args)


cpdef keep(dict kept, key, value, Py_ssize_t most)
