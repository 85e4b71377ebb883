cdef int M_OTHER


cdef class Methods:
    cdef readonly unsigned long long mask
    cdef readonly str name

    cpdef bint has(self, int method_id, str method) except -1


cdef class HeaderName:
    cdef readonly int id
    cdef readonly str name
