cimport cython

cdef bytes TOKEN_CHARS

@cython.final
@cython.freelist(16)
cdef class ParamCursor:
    cdef public bytes buf
    cdef public Py_ssize_t pos
    cdef public Py_ssize_t end
    cdef public Py_ssize_t name_start
    cdef public Py_ssize_t name_end
    cdef public Py_ssize_t value_start
    cdef public Py_ssize_t value_end
    cdef public bint quoted
    cdef public bint escaped
    cdef public bint gaps

    @cython.locals(p="const unsigned char *", tok="const unsigned char *", i=Py_ssize_t, end=Py_ssize_t)
    cpdef bint next(self) except -1

    @cython.locals(p="const unsigned char *", end=Py_ssize_t)
    cpdef Py_ssize_t _value(self, Py_ssize_t i) except -1

    @cython.locals(p="const unsigned char *", q="const unsigned char *", i=Py_ssize_t, start=Py_ssize_t,
                   length=Py_ssize_t)
    cpdef bint named(self, bytes name) except -1

    @cython.locals(p="const unsigned char *")
    cpdef str name(self)

    @cython.locals(p="const unsigned char *")
    cpdef str value(self)

@cython.locals(cursor=ParamCursor)
cpdef ParamCursor walk_params(bytes buf, Py_ssize_t pos, Py_ssize_t end)

@cython.locals(i=Py_ssize_t, j=Py_ssize_t)
cpdef str unescape(str text)

cpdef str quote(str text)

@cython.locals(cursor=ParamCursor)
cpdef dict parse_params(bytes buf, Py_ssize_t start, Py_ssize_t end)
