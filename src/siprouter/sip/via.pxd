cimport cython

from siprouter.sip.params cimport ParamCursor, parse_params, walk_params
from siprouter.sip.uri cimport host_end, number, port_end

cdef bytes TOKEN_CHARS
cdef dict _TRANSPORTS

@cython.final
@cython.freelist(32)
cdef class Via:
    cdef readonly str transport
    cdef readonly str host
    cdef readonly int port
    cdef readonly str branch
    cdef readonly str received
    cdef readonly str maddr
    cdef readonly int rport
    cdef readonly Py_ssize_t start
    cdef readonly Py_ssize_t end
    cdef readonly Py_ssize_t rport_start
    cdef readonly Py_ssize_t rport_end
    cdef readonly Py_ssize_t received_start
    cdef readonly Py_ssize_t received_end
    cdef readonly bint gaps
    cdef bytes _buf
    cdef Py_ssize_t _params_start
    cdef dict _params

@cython.locals(p="const unsigned char *", i=Py_ssize_t, pos=Py_ssize_t, via=Via)
cpdef Via parse_via(bytes buf, Py_ssize_t start, Py_ssize_t end)

@cython.locals(p="const unsigned char *", tok="const unsigned char *", i=Py_ssize_t, start=Py_ssize_t, part=int,
               name=bytes)
cdef Py_ssize_t _protocol(Via via, Py_ssize_t pos, Py_ssize_t end) except -1

@cython.locals(cursor=ParamCursor)
cdef void _read_params(Via via, Py_ssize_t pos, Py_ssize_t end) except *

cdef int _rport(ParamCursor cursor) except -1
