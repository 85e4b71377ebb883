cimport cython


cdef class Batch:
    cdef public bytearray data
    cdef public bytearray iovecs
    cdef public bytearray headers
    cdef public object address

    @cython.locals(at=Py_ssize_t)
    cpdef int length(self, int slot)

    @cython.locals(size=Py_ssize_t, at=Py_ssize_t, vector=Py_ssize_t)
    cpdef void fill(self, int slot, bytes data) except *
    cpdef int receive(self, int fd) except -1
    @cython.locals(done=int, sent=int)
    cpdef void send(self, int fd, int count) except *


cdef class Link:
    cdef public object server
    cdef public int port
    cdef public int queued

    cpdef void put(self, bytes data) except *
    cpdef void flush(self) except *
    cpdef int receive(self) except -1
    cpdef bytes message(self, int slot)


cdef class DatagramLink(Link):
    cdef public object socket
    cdef public int fd
    cdef public Batch inbox
    cdef public Batch outbox

    @cython.locals(at=Py_ssize_t)
    cpdef bytes message(self, int slot)
    @cython.locals(count=int)
    cpdef void flush(self) except *
