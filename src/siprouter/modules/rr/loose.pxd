cimport cython

from siprouter.core.context cimport Context
from siprouter.modules.rr.rr cimport RecordRouting
from siprouter.sip.headers cimport Header
from siprouter.sip.message cimport Message
from siprouter.sip.nameaddr cimport NameAddr
from siprouter.sip.uri cimport Uri
from siprouter.transport.endpoint cimport Listener
from siprouter.transport.listeners cimport Listeners

cdef int H_ROUTE
cdef int PROTO_UDP
cdef int SIP_PORT


cdef class RouteSet:
    cdef public Message msg
    cdef public list addresses
    cdef public int first
    cdef public int end

    cpdef bint is_empty(self) except -1
    cpdef NameAddr top(self)
    cpdef take_first(self)
    cpdef NameAddr take_last(self)
    @cython.locals(header=Header)
    cpdef remove_taken(self)
    cpdef _remove_part(self, Header header)

@cython.locals(msg=Message, routes=RouteSet, uri=Uri)
cpdef int loose_route(RecordRouting inst, Context ctx) except? -100
@cython.locals(listeners=Listeners)
cpdef int is_mine(RecordRouting inst, Uri uri) except? -100
cpdef bint is_strict(Uri uri) except -1
@cython.locals(uri=Uri)
cpdef str plain_hop(NameAddr address)
@cython.locals(top=Uri, address=NameAddr)
cpdef int after_strict(RecordRouting inst, Context ctx, RouteSet routes, Uri uri) except? -100
@cython.locals(uri=Uri, mine=int, address=NameAddr, params=str, msg=Message)
cpdef int after_loose(RecordRouting inst, Context ctx, RouteSet routes) except? -100
cpdef int routed(RecordRouting inst, Context ctx, str params, int result) except? -100
cpdef force_socket(RecordRouting inst, Context ctx, Uri uri)
