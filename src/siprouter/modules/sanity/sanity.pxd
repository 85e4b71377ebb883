cimport cython

from siprouter.core.context cimport Context
from siprouter.core.worker cimport Worker
from siprouter.modules.sanity.checks cimport Failure


cdef class Sanity:
    cdef public object default_checks
    cdef public object uri_checks
    cdef public object proxy_require
    cdef public object autodrop
    cdef public Worker worker
    cdef public object sl
    cdef public object extensions
    cdef public dict selected

    @cython.locals(bits=int, selected=tuple, failure=Failure)
    cpdef int check(self, Context ctx, checks=*, uris=*) except -2

    cpdef refuse(self, Context ctx, Failure failure)
