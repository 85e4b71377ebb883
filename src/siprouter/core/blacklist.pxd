cimport cython

from siprouter.core.worker cimport Worker
from siprouter.transport.endpoint cimport Endpoint


cdef class Entry:
    cdef public double expires
    cdef public int flags


cdef class Blacklist:
    cdef public Worker worker
    cdef public dict entries
    cdef public Py_ssize_t hits
    cdef public Py_ssize_t evicted
    cdef public double next_sweep

    cpdef bint is_on(self) except -1
    cpdef int flags_of(self, int proto, str ip, int port, double now) except -1
    cpdef bint avoids(self, Endpoint to, double now) except -1


@cython.locals(services=dict, found=Blacklist)
cpdef Blacklist blacklist_of(Worker worker)
