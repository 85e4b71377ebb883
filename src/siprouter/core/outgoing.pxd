from siprouter.core.context cimport Context
from siprouter.sip.message cimport Message
from siprouter.sip.via cimport Via
from siprouter.transport.endpoint cimport Endpoint, Listener

cdef class SingleTarget:
    cdef public object target
    cpdef next(self)

cpdef next_hop(uri, proto=*)
cpdef literal_target(hop)
cpdef Endpoint endpoint_for(worker, target, forced, received, flags=*)
cpdef Endpoint reply_target(worker, Message msg, Endpoint source, bint force_rport, flags=*)
cpdef Endpoint flagged(Endpoint to, flags)
cpdef tuple via_notes(worker, Message msg, Endpoint source, bint force_rport)
cpdef bytes via_line(Listener listener, str branch, connection=*, rport=*)
cpdef bytes route_lines(path)
cpdef bytes server_line(worker)
cpdef bint passes_onsend(Context ctx, bytes data, Endpoint to) except -1
