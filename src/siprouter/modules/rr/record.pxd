from siprouter.transport.endpoint cimport Listener


cdef class RecordRoute:
    cdef public bint doubled
    cdef public Listener received
    cdef public bytes single
    cdef public bytes suffix
    cdef public bytes user

    cpdef RecordRoute with_params(self, bytes params)
    cpdef bytes lines(self, Listener listener)
    cpdef bytes _line(self, Listener listener, bytes mark)
