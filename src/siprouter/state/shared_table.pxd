cimport cython

from siprouter.state.rows cimport decode, encode
from siprouter.state.store cimport Area, Store

cdef object HEADER
cdef Py_ssize_t HEADER_SIZE
cdef object SECOND
cdef object COUNT
cdef Py_ssize_t LONGEST_KEY
cdef object _unpack
cdef object _pack


cdef class SharedTable:
    cdef public str name
    cdef public double ttl
    cdef public object record
    cdef public object revise
    cdef public double interval
    cdef public bint lasting
    cdef public double sweep_at
    cdef public long unreadable
    cdef Store _store
    cdef object _clock
    cdef object _data
    cdef object _due
    cdef object _meta
    cdef bytes _prefix
    cdef bytes _short
    cdef bytes _long
    cdef bytes _count_key

    @cython.locals(raw=bytes, expires=double, length=Py_ssize_t)
    cpdef object get(self, str key)

    @cython.locals(raw=bytes, expires=double, left=double)
    cpdef object remaining(self, str key)

    @cython.locals(raw=bytes)
    cdef bytes _place(self, str key)

    cdef bint _is_over(self, bytes raw) except -1

    cdef object _value(self, bytes raw, Py_ssize_t length)

    cdef _count(self, object txn, int amount)
    cdef bytes _filing(self, bytes place, object second)
    cdef _file(self, object txn, bytes place, object before, object second)
