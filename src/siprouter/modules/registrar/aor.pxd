cimport cython

from siprouter.sip.uri cimport Uri

cdef int U_OTHER
cdef int U_URN
cdef int MAX_USER
cdef int MAX_HOST

@cython.locals(user=str, host=str)
cpdef str make_aor(Uri uri, bint use_domain, str realm_prefix, bint case_sensitive)
