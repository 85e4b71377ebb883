cimport cython

from siprouter.core.blacklist cimport Blacklist, blacklist_of
from siprouter.transport.endpoint cimport Endpoint

@cython.locals(blacklist=Blacklist)
cpdef bint is_avoided(tm, str method, Endpoint to, double now) except -1
