cimport cython

from siprouter.core.context cimport Context
from siprouter.sip.message cimport Message
from siprouter.sip.uri cimport Uri, parse_uri
from siprouter.sip.via cimport Via
from siprouter.transport.endpoint cimport Endpoint, Listener

cdef class NextHop:
    cdef public str host
    cdef public int port
    cdef public int proto
    cdef public bint secure


cdef class Target:
    cdef public int proto
    cdef public str ip
    cdef public int port


cdef class SingleTarget:
    cdef public Target target

    cpdef Target next(self)


@cython.locals(parsed=Uri, host=str, proto=int)
cpdef NextHop next_hop(uri, proto=*)
@cython.locals(ip=str, proto=int)
cpdef Target literal_target(NextHop hop)
cpdef Endpoint endpoint_for(worker, target, forced, received, flags=*)
@cython.locals(via=Via, ip=str, port=int)
cpdef Endpoint reply_target(worker, Message msg, Endpoint source, bint force_rport, flags=*)
cpdef Endpoint flagged(Endpoint to, flags)
@cython.locals(via=Via)
cpdef tuple via_notes(worker, Message msg, Endpoint source, bint force_rport)
cpdef bytes via_line(Listener listener, str branch, connection=*, rport=*)
cpdef bytes route_lines(path)
cpdef bytes server_line(worker)
cpdef bint passes_onsend(Context ctx, bytes data, Endpoint to) except -1
