cpdef int default_port(int proto)
cpdef bint is_stream(int proto)


cdef class Listener:
    cdef public int proto
    cdef public str address
    cdef public int port
    cdef public int af
    cdef public str name
    cdef public str advertised_address
    cdef public int advertised_port
    cdef public bytes via_host
    cdef public int via_port
    cdef public bytes sent_by
    cdef public bytes via_start
    cdef public bytes via_transport


cdef class Endpoint:
    cdef public int proto
    cdef public str ip
    cdef public int port
    cdef public long connection
    cdef public Listener listener
    cdef public int flags
