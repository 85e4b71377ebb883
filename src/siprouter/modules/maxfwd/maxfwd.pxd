cimport cython

from siprouter.core.context cimport Context
from siprouter.core.max_forwards cimport add_hops, hops_left, set_hops

cdef int ABSENT


cdef class MaxFwd:
    cdef public object log
    cdef public int max_limit
    cdef dict __dict__

    @cython.locals(hops=int)
    cpdef int process(self, Context ctx, int value) except? -1000
    @cython.locals(hops=int)
    cpdef int is_less(self, Context ctx, int limit) except? -1000
