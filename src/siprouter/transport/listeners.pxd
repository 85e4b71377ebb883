cimport cython

from siprouter.transport.endpoint cimport Listener


cdef class Listeners:
    cdef public list all
    cdef public list aliases
    cdef public dict names
    cdef public list self_checks
    cdef public object source_address
    cdef public dict shared
    cdef dict __dict__
    cdef dict _hosts
    cdef dict _defaults

    @cython.locals(entries=list, entry=tuple, my_port=int, my_proto=int)
    cpdef bint is_myself(self, str host, int port=*, int proto=*) except -1
    @cython.locals(entry=tuple)
    cpdef Listener find(self, str host, int port=*, int proto=*)
    @cython.locals(af=int)
    cpdef Listener choose(self, int proto, str ip, Listener forced=*, Listener received=*)
    cpdef list _entries(self, str host)


cpdef str host_key(str host)
cpdef bint is_loopback(str address) except -1
