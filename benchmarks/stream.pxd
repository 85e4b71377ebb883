cimport cython
from benchmarks.mmsg cimport Link


cdef class Channel:
    cdef public object stream
    cdef public bytes pending
    cdef public bytes waiting

    @cython.locals(data=bytes)
    cpdef bint receive(self, list messages) except -1
    @cython.locals(sent=Py_ssize_t)
    cpdef void send(self, bytes data) except *


@cython.locals(at=Py_ssize_t, end=Py_ssize_t, label=Py_ssize_t, size=Py_ssize_t)
cpdef bytes cut(bytes data, list messages)


cdef class StreamLink(Link):
    cdef public list channels
    cdef public list messages
    cdef public list owners
    cdef public dict queues
    cdef public Channel current
    cdef public object listening
    cdef public object context

    @cython.locals(channel=Channel)
    cpdef Channel add(self, object stream)
    @cython.locals(channel=Channel, queue=list)
    cpdef void flush(self) except *
    @cython.locals(channel=Channel)
    cpdef int receive(self) except -1
    cpdef bytes message(self, int slot)
