cimport cython

from siprouter.ksr.api cimport HostCall
from siprouter.ksr.convert cimport Conversions
from siprouter.ksr.runner cimport Runner

cdef frozenset PLAIN
cdef int COUNT_BITS


cdef class DeclaredFunction:
    cdef object _api
    cdef str _target
    cdef public str name
    cdef bint _expand
    cdef dict _resolved

    @cython.locals(count=Py_ssize_t, key=long, found=HostCall)
    cpdef call(self, ctx, tuple args)


cdef class OwnFunction:
    cdef object _api
    cdef object _own
    cdef object _call
    cdef bint _anywhere
    cdef Py_ssize_t _count
    cdef bint _rest
    cdef Conversions _conversions

    @cython.locals(count=Py_ssize_t)
    cpdef call(self, ctx, tuple args)


cdef class RunningFunction:
    cdef Runner _runner
    cdef object _call
    cdef public str name

    @cython.locals(runner=Runner)
    cpdef call(self, tuple args)
