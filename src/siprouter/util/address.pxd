cimport cython

cpdef bytes parse_ip(str text)
cpdef bint is_ipv4(str text) except -1
@cython.locals(size=Py_ssize_t, i=Py_ssize_t, parts=int, digits=int, value=int, c=int)
cpdef bint is_dotted_quad(str text) except -1
cpdef str format_ip(bytes packed)
cpdef str normalize_ip(str text)
cpdef bint same_ip(str one, str other) except -1
