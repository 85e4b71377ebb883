cimport cython

cdef int MAX_COUNT


cdef class NonceTracker:
    cdef readonly bytearray counts
    cdef readonly bytearray used
    cdef readonly long long once
    cdef public long long next

    @cython.locals(number="long long", cell="long long")
    cpdef long long issue(self) except -1
    cdef bint _is_kept(self, long long number, long long cells) except -1
    cpdef bint may_count(self, long long number, long long count) except -1
    cpdef bint take_count(self, long long number, long long count) except -1
    @cython.locals(cell="long long")
    cpdef bint may_use(self, long long number) except -1
    @cython.locals(cell="long long")
    cpdef bint take(self, long long number) except -1
