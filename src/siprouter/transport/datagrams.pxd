cdef class FastDatagrams:
    cdef int _fd
    cdef int _family
    cdef object _inbox
    cdef unsigned int _scope

    cpdef list receive(self)
    cpdef int send(self, bytes data, str ip, int port) except -1
