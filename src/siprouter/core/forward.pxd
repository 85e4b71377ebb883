cimport cython

from siprouter.core.blacklist cimport Blacklist, blacklist_of
from siprouter.core.context cimport Context
from siprouter.core.counters cimport Counter, Counters
from siprouter.core.late_edits cimport settle_edits
from siprouter.core.outgoing cimport (
    NextHop,
    SingleTarget,
    Target,
    endpoint_for,
    endpoint_for_large,
    literal_target,
    next_hop,
    passes_onsend,
    route_lines,
    via_line,
    via_notes,
)
from siprouter.core.send_flags cimport as_advertised, forward_flags
from siprouter.core.worker cimport Worker
from siprouter.sip.build cimport build_forward
from siprouter.sip.message cimport Message
from siprouter.sip.via cimport Via
from siprouter.transport.endpoint cimport Endpoint, Listener, is_stream

cdef unsigned int ADD_LOCAL_RPORT
cdef int M_ACK
cdef int M_CANCEL
cdef int M_INVITE

@cython.locals(msg=Message, via=Via, digest="Py_hash_t", high="unsigned int", low="unsigned int", method=str, number="unsigned int",
               tag=str, text=str, from_tag=str, hop=str)
cpdef str stateless_branch(Context ctx)
cpdef int forward_request(Context ctx, NextHop hop=*) except? -100
@cython.locals(target=Target)
cpdef plan_for(Worker worker, NextHop hop)
@cython.locals(counters=Counters, counter=Counter)
cdef int _counted(Context ctx, bint sent) except? -100
@cython.locals(branch=str)
cpdef bint send_to_first(Context ctx, plan) except -1
@cython.locals(flags=int, endpoint=Endpoint, larger=Endpoint, data=bytes, blacklist=Blacklist)
cpdef bint send_to(Context ctx, Target target, str branch) except -1
@cython.locals(listener=Listener, msg=Message, received=str, rport=int)
cpdef bytes build_request(Context ctx, Endpoint to, str branch)
