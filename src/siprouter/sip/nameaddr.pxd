cimport cython

from siprouter.sip.params cimport ParamCursor, parse_params, unescape, walk_params
from siprouter.sip.uri cimport Uri, parse_uri_at

@cython.final
@cython.freelist(64)
cdef class NameAddr:
    cdef readonly Py_ssize_t start
    cdef readonly Py_ssize_t end
    cdef readonly Py_ssize_t display_start
    cdef readonly Py_ssize_t display_end
    cdef readonly Py_ssize_t uri_start
    cdef readonly Py_ssize_t uri_end
    cdef readonly Py_ssize_t params_start
    cdef readonly Py_ssize_t tag_start
    cdef readonly Py_ssize_t tag_end
    cdef readonly bint bracketed
    cdef readonly bint star
    cdef bytes _buf
    cdef Uri _uri
    cdef str _tag
    cdef dict _params

@cython.locals(p="const unsigned char *", i=Py_ssize_t, addr=NameAddr)
cpdef NameAddr parse_nameaddr(bytes buf, Py_ssize_t start, Py_ssize_t end, bint many)

@cython.locals(p="const unsigned char *", i=Py_ssize_t)
cdef Py_ssize_t _skip_quoted(bytes buf, Py_ssize_t pos, Py_ssize_t end) except -1

@cython.locals(p="const unsigned char *", i=Py_ssize_t)
cdef Py_ssize_t _read_brackets(NameAddr addr, Py_ssize_t pos, Py_ssize_t end) except -1

@cython.locals(p="const unsigned char *", i=Py_ssize_t, stop=Py_ssize_t)
cdef Py_ssize_t _read_plain(NameAddr addr, Py_ssize_t pos, Py_ssize_t end, bint many) except -1

@cython.locals(p="const unsigned char *", i=Py_ssize_t, cursor=ParamCursor)
cdef void _read_params(NameAddr addr, Py_ssize_t pos, Py_ssize_t end, bint many) except *

cpdef ParamCursor params_of(NameAddr addr)

@cython.locals(p="const unsigned char *", i=Py_ssize_t, addr=NameAddr)
cpdef list parse_nameaddrs(bytes buf, Py_ssize_t start, Py_ssize_t end)
