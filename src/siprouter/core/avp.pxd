cdef class AvpStore:
    cdef public dict flags
    cdef public dict lists
    cdef public dict saved
    cdef public dict xavps
