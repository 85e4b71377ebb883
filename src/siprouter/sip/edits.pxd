cimport cython

from siprouter.sip.headers cimport Header, HeaderBlock

cdef int H_CONTENT_LENGTH

@cython.final
cdef class Edit:
    cdef readonly Py_ssize_t start
    cdef readonly Py_ssize_t length
    cdef readonly bytes data
    cdef readonly bint body

@cython.locals(edit=Edit)
cpdef Edit make_edit(Py_ssize_t start, Py_ssize_t length, bytes data, bint body=*)

cdef bint _precedes(Edit a, Edit b) except -1

@cython.locals(ordered=list, edit=Edit, i=Py_ssize_t)
cpdef list sort_edits(list edits)

@cython.locals(p="const unsigned char *", pos=Py_ssize_t, first=Py_ssize_t, stop=Py_ssize_t,
               edit=Edit)
cpdef splice(bytes buf, Py_ssize_t start, Py_ssize_t end, list ordered, list parts)

@cython.locals(ordered=list, count=Py_ssize_t, edit=Edit, parts=list, body=bytes, changed=bint, buf=bytes)
cpdef bytes assemble(HeaderBlock block, list edits, bint need_length)

@cython.locals(edit=Edit, parts=list)
cdef bytes _edited_body(HeaderBlock block, list edits, list ordered)

@cython.locals(header=Header, edit=Edit, value=bytes, kept=bint)
cdef list _with_length(HeaderBlock block, list ordered, Py_ssize_t size, bint changed, bint need_length)
