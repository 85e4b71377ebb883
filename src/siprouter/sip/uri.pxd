cimport cython

cdef bytes HOST_CHARS
cdef dict _KINDS
cdef dict _SCHEMES

@cython.final
@cython.freelist(64)
cdef class Uri:
    cdef readonly str scheme
    cdef readonly int kind
    cdef readonly str user
    cdef readonly str password
    cdef readonly str host
    cdef readonly int port
    cdef readonly str params
    cdef readonly str headers
    cdef readonly str opaque
    cdef dict _params
    cdef bytes _source
    cdef Py_ssize_t _start
    cdef Py_ssize_t _end

    cpdef dict param_dict(self)
    cpdef object param(self, str name)

cpdef str build_uri(str scheme, str user, str password=*, str host=*, int port=*, str params=*, str headers=*)

cpdef dict parse_uri_params(str params)

cpdef Uri parse_uri(str text)

@cython.locals(p="const unsigned char *", i=Py_ssize_t, c="unsigned char", uri=Uri)
cpdef Uri parse_uri_at(bytes source, Py_ssize_t start, Py_ssize_t end)

@cython.locals(p="const unsigned char *", source=bytes, end=Py_ssize_t, at=Py_ssize_t, colon=Py_ssize_t, i=Py_ssize_t)
cdef void _parse_sip(Uri uri, Py_ssize_t pos) except *

@cython.locals(p="const unsigned char *", source=bytes, end=Py_ssize_t, i=Py_ssize_t)
cdef void _parse_tel(Uri uri, Py_ssize_t pos) except *

@cython.locals(p="const unsigned char *", host_chars="const unsigned char *", i=Py_ssize_t, c="unsigned char",
               colons=int)
cpdef Py_ssize_t host_end(bytes source, Py_ssize_t pos, Py_ssize_t end) except -1

@cython.locals(p="const unsigned char *", i=Py_ssize_t, value=int)
cpdef Py_ssize_t port_end(bytes source, Py_ssize_t pos, Py_ssize_t end) except -1

@cython.locals(p="const unsigned char *", value=int)
cpdef int number(bytes source, Py_ssize_t pos, Py_ssize_t end) except -1
