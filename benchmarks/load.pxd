cimport cython
from benchmarks.mmsg cimport Link


cpdef Link make_link(tuple server, str transport, bint listens)


cdef class Load:
    cdef public tuple server
    cdef public str transport
    cdef public Link uac
    cdef public Link uas
    cdef public long number
    cdef public long started
    cdef public long finished
    cdef public long lost
    cdef public long bad
    cdef public bytes example
    cdef public double now
    cdef public double patience
    cdef double[::1] times
    cdef public list latencies

    @cython.locals(begin=double, end=double, last=double, seen=long, due=long, going=bint)
    cpdef double run(self, double seconds, double rate, int window, long limit=*) except -1
    @cython.locals(slot=int)
    cpdef void poll(self) except *
    cpdef void start(self) except *
    cpdef void at_uas(self, int slot) except *
    cpdef void at_uac(self, int slot) except *
    @cython.locals(at=Py_ssize_t)
    cpdef long begun(self) except -1
    @cython.locals(at=Py_ssize_t, begun=double)
    cpdef bint answered(self, long number) except -1
    cpdef void unexpected(self, bytes message) except *


cdef class Forward(Load):
    cdef bytearray invite
    cdef list places

    @cython.locals(message=bytes)
    cpdef void at_uas(self, int slot) except *


cdef class Calls(Load):
    cdef long users
    cdef bytearray invite
    cdef list places
    cdef list user_places
    cdef tuple ack
    cdef tuple bye
    cdef bytes contact
    cdef bytes answer

    @cython.locals(number=long)
    cpdef void start(self) except *
    @cython.locals(message=bytes, head=bytes)
    cpdef void at_uas(self, int slot) except *
    @cython.locals(message=bytes, to=bytes, routes=bytes, number=long)
    cpdef void at_uac(self, int slot) except *


cdef class Ringing(Load):
    cdef bytearray invite
    cdef list places

    @cython.locals(message=bytes)
    cpdef void at_uas(self, int slot) except *
    @cython.locals(message=bytes)
    cpdef void at_uac(self, int slot) except *


@cython.locals(first=Py_ssize_t, place=Py_ssize_t, digit=Py_ssize_t)
cpdef void stamp(bytearray template, list places, long number) except *
@cython.locals(message=bytes)
cpdef bytes numbered(tuple pieces, bytes routes, bytes to, long number)
@cython.locals(at=Py_ssize_t, digit=Py_ssize_t, number=long)
cpdef long number_after(bytes message, bytes label) except -1
@cython.locals(at=Py_ssize_t)
cpdef bytes line(bytes message, bytes start)
@cython.locals(at=Py_ssize_t, end=Py_ssize_t, routes=bytes)
cpdef bytes route_set(bytes message)
@cython.locals(at=Py_ssize_t, end=Py_ssize_t, first=int, head=bytes)
cpdef bytes reply_head(bytes message, bytes tag, bint dialog)
