from siprouter.ksr.convert cimport Conversions, keep


cdef class HostCall:
    cdef public Conversions conversions
    cdef public object function
    cdef public object method
    cdef public bint waits
