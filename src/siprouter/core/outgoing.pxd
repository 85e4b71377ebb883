cimport cython

from siprouter.core.context cimport Context
from siprouter.core.routes cimport CompiledRoute, Script
from siprouter.core.worker cimport Worker
from siprouter.sip.build cimport build_reply
from siprouter.sip.message cimport Message
from siprouter.sip.uri cimport Uri, parse_uri
from siprouter.sip.via cimport Via
from siprouter.transport.endpoint cimport Endpoint, Listener, default_port, is_stream
from siprouter.transport.listeners cimport Listeners
from siprouter.util.address cimport normalize_ip, same_ip

cdef int ONSEND
cdef int PROTO_NONE
cdef int PROTO_TCP
cdef int PROTO_TLS
cdef int PROTO_UDP
cdef int SIP_PORT
cdef int U_SIPS
cdef dict PROTO_IDS


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


cpdef object setting(Worker worker, str name, default)
cpdef str reason_phrase(int status)
@cython.locals(parsed=Uri, host=str, transport=str)
cpdef NextHop next_hop(uri, int proto=*)
cpdef str without_brackets(str host)
@cython.locals(proto=int, host=str, port=int)
cpdef NextHop next_hop_of_via(Via via)
@cython.locals(ip=str, proto=int)
cpdef Target literal_target(NextHop hop)
@cython.locals(listener=Listener, listeners=Listeners)
cpdef Endpoint endpoint_for(Worker worker, target, Listener forced, Listener received, int flags=*)
cpdef Endpoint endpoint_for_large(Worker worker, Endpoint to, Py_ssize_t size, unsigned int send_flags, Listener forced)
@cython.locals(via=Via, ip=str, port=int)
cpdef Endpoint reply_target(Worker worker, Message msg, Endpoint source, bint force_rport, int flags=*)
cpdef Endpoint flagged(Endpoint to, int flags)
@cython.locals(via=Via)
cpdef tuple via_notes(Worker worker, Message msg, Endpoint source, bint force_rport)
@cython.locals(line=bytes)
cpdef bytes via_line(Listener listener, str branch, long connection=*, long rport=*)
cpdef bytes route_lines(str path)
cpdef bytes server_line(Worker worker)
@cython.locals(lines=list, text=str, tag=str, received=str, rport=int)
cpdef bytes build_own_reply(Context ctx, Message msg, int status, str reason, str to_tag, bytes headers=*, bytes body=*)
@cython.locals(script=Script, route=CompiledRoute)
cpdef bint passes_onsend(Context ctx, bytes data, Endpoint to) except -1
