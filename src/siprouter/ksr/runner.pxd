cdef int NOWHERE
cdef int PLAIN
cdef int COROUTINE
cdef int AT_ONCE


cdef class Runner:
    cdef public object current
    cdef public int mode
    cdef public unsigned long steps
    cdef object _fibres
    cdef object _log

    cpdef tuple _enter(self, ctx, int mode)
    cpdef _leave(self, tuple before)
