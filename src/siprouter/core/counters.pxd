cimport cython


cdef class Counter:
    cdef public object getter
    cdef public str group
    cdef public str help
    cdef public str name
    cdef public bint no_reset
    cdef public long long others
    cdef public bint shared
    cdef public long long value

    cpdef inc(self)
    cpdef dec(self)
    cpdef add(self, long long amount)
    cpdef reset(self)
    cpdef get(self)
    cpdef total(self)


cdef class Counters:
    cdef dict _groups

    @cython.locals(members=dict, counter=Counter)
    cpdef Counter declare(self, str group, str name, str help=*, getter=*, bint no_reset=*)
    cpdef Counter find(self, str group, str name)
