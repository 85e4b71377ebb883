cimport cython

from siprouter.sip.headers cimport parse_number

cdef bytes NAME
cdef Py_ssize_t ABSENT
cdef Py_ssize_t BROKEN

@cython.final
cdef class Framer:
    cdef readonly object error
    cdef public Py_ssize_t max_message
    cdef public Py_ssize_t max_head
    cdef public bint need_length
    cdef bytearray _buffer
    cdef Py_ssize_t _searched
    cdef Py_ssize_t _end
    cdef int _empty_lines

    @cython.locals(found=list, start=Py_ssize_t, stop=Py_ssize_t)
    cpdef list feed(self, bytes data)

    @cython.locals(buffer=bytearray, stop=Py_ssize_t)
    cdef bytes _complete(self, bytes data, list found)

    @cython.locals(i=Py_ssize_t, pings=int)
    cdef Py_ssize_t _skip_empty_lines(self, bytes data, Py_ssize_t start, list found) except -1

    @cython.locals(stop=Py_ssize_t)
    cdef Py_ssize_t _message_end(self, bytes data, Py_ssize_t start) except -1

    cdef void _check_head(self, Py_ssize_t size) except *

    @cython.locals(size=Py_ssize_t)
    cdef Py_ssize_t _length(self, bytes data, Py_ssize_t start, Py_ssize_t stop) except -1

@cython.locals(crlf=Py_ssize_t, lf=Py_ssize_t)
cpdef Py_ssize_t head_end(object data, Py_ssize_t start) except -1

@cython.locals(p="const unsigned char *", found=Py_ssize_t, i=Py_ssize_t, colon=Py_ssize_t)
cpdef Py_ssize_t content_length(bytes data, Py_ssize_t start, Py_ssize_t end) except -3

@cython.locals(p="const unsigned char *", q="const unsigned char *", i=Py_ssize_t)
cdef Py_ssize_t _colon(bytes data, Py_ssize_t start, Py_ssize_t end) except -1

@cython.locals(p="const unsigned char *", stop=Py_ssize_t, value=Py_ssize_t)
cdef Py_ssize_t _number_in_line(bytes data, Py_ssize_t start, Py_ssize_t end) except -3
