from siprouter.core.context cimport Context
from siprouter.sip.headers cimport Header
from siprouter.sip.message cimport Message
from siprouter.sip.uri cimport Uri


cdef class RouteSet:
    cdef public Message msg
    cdef public list addresses
    cdef public int first
    cdef public int end

    cpdef top(self)
    cpdef take_first(self)
    cpdef take_last(self)
    cpdef remove_taken(self)

cpdef int loose_route(inst, Context ctx) except? -100
cpdef int is_mine(inst, Uri uri) except? -100
cpdef int after_strict(inst, Context ctx, RouteSet routes, Uri uri) except? -100
cpdef int after_loose(inst, Context ctx, RouteSet routes) except? -100
cpdef int routed(inst, Context ctx, str params, int result) except? -100
