cimport cython

cdef bytes ENTRY_IDS
cdef tuple ENTRY_NAMES
cdef bytes ENTRY_NEXT
cdef bytes HASH_HEADS
cdef dict HEADER_IDS
cdef tuple HEADER_NAMES
cdef int SINGLE_HEADERS
cdef bytes TOKEN_CHARS
cdef Py_ssize_t MAX_HEADERS

@cython.final
@cython.freelist(256)
cdef class Header:
    cdef readonly int id
    cdef readonly int name_start
    cdef readonly int name_end
    cdef readonly int start
    cdef readonly int end
    cdef readonly int line_end
    cdef readonly bint folded

cdef class HeaderBlock:
    cdef readonly bytes buf
    cdef readonly Py_ssize_t length
    cdef readonly list headers
    cdef readonly Py_ssize_t headers_start
    cdef readonly Py_ssize_t headers_end
    cdef readonly Py_ssize_t body_start
    cdef readonly str defect
    cdef readonly bint bare_lf
    cdef unsigned long long _seen

    @cython.locals(header=Header)
    cpdef Header get(self, int header_id)

    @cython.locals(found=list, header=Header)
    cpdef list all(self, int header_id)

    @cython.locals(found=list, header=Header, wanted=bytes, number=int)
    cpdef list find(self, str name)

    cpdef str name(self, Header header)

    cpdef str value(self, Header header)

    cpdef bytes line(self, Header header)

    @cython.locals(p="const unsigned char *")
    cpdef bytes octets(self, Py_ssize_t start, Py_ssize_t end)

    @cython.locals(p="const unsigned char *")
    cpdef str text(self, Py_ssize_t start, Py_ssize_t end)

    @cython.locals(p="const unsigned char *", i=Py_ssize_t, end=Py_ssize_t)
    cdef void scan(self, Py_ssize_t start) except *

    cdef void note(self, str reason) except *

    @cython.locals(p="const unsigned char *", tok="const unsigned char *", i=Py_ssize_t, end=Py_ssize_t, stop=Py_ssize_t,
                   name_end=Py_ssize_t, header=Header)
    cdef Py_ssize_t _scan_line(self, Py_ssize_t start) except -1

    @cython.locals(number=int, bit="unsigned long long")
    cdef void _add(self, Header header) except *

    @cython.locals(p="const unsigned char *", q="const unsigned char *", entry_next="const unsigned char *",
                   entry_ids="const unsigned char *", heads="const unsigned char *", entry="unsigned char", i=Py_ssize_t,
                   name=bytes)
    cdef int _lookup(self, Py_ssize_t start, Py_ssize_t length) except -1

    @cython.locals(p="const unsigned char *", end=Py_ssize_t)
    cdef Py_ssize_t _next_line(self, Py_ssize_t pos) except -1

@cython.locals(block=HeaderBlock)
cpdef HeaderBlock scan_headers(bytes buf, Py_ssize_t start, Py_ssize_t end)

@cython.locals(lines=list, i=Py_ssize_t)
cpdef bytes unfold(bytes value)

@cython.locals(p="const unsigned char *", value="long long")
cpdef Py_ssize_t parse_number(bytes buf, Py_ssize_t start, Py_ssize_t end) except -2
