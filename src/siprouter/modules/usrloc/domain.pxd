cimport cython

from siprouter.core.counters cimport Counter
from siprouter.modules.usrloc.contact cimport Contact, earliest_expiry, valid_contacts



cdef class Domain:
    cdef public str name
    cdef public list callbacks
    cdef public object clock
    cdef public object table
    cdef public object atomic
    cdef public object bound
    cdef public Counter users
    cdef public Counter contacts
    cdef public Counter expires

    cpdef tuple get(self, str aor)

    @cython.locals(found=tuple)
    cpdef tuple valid(self, str aor)

    cpdef store(self, str aor, tuple contacts, list changes)

    @cython.locals(found=tuple)
    cpdef Py_ssize_t delete(self, str aor) except -1

    @cython.locals(kept=tuple, changes=list, contact=Contact)
    cpdef tuple split(self, tuple contacts, double now)

    @cython.locals(earliest="unsigned int")
    cdef double _ttl(self, tuple contacts) except? -1

    @cython.locals(event=int, contact=Contact)
    cdef _tell(self, str aor, list changes)
