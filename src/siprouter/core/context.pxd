from siprouter.core.avp cimport AvpStore
from siprouter.core.worker cimport Worker
from siprouter.sip.message cimport Message
from siprouter.sip.uri cimport Uri, parse_uri
from siprouter.transport.endpoint cimport Endpoint


cdef class Branch:
    cdef public str uri
    cdef public int q
    cdef public str dst_uri
    cdef public str path
    cdef public object force_socket
    cdef public unsigned int flags
    cdef public str instance
    cdef public str user_agent


cdef class Context:
    cdef public Worker worker
    cdef public object script
    cdef public Message msg
    cdef public Endpoint source
    cdef public double now
    cdef public int route_type
    cdef public str new_uri
    cdef public str dst_uri
    cdef public str path
    cdef public str instance
    cdef public object force_socket
    cdef public int q
    cdef public unsigned int flags
    cdef public unsigned int branch_flags
    cdef public unsigned int script_flags
    cdef public unsigned int send_flags
    cdef public bint force_rport
    cdef public list branch_list
    cdef public AvpStore avp_store
    cdef public object transaction
    cdef public object tm
    cdef public int branch_index
    cdef public object reply
    cdef public int code
    cdef public list reply_headers
    cdef public int rc
    cdef public int route_depth
    cdef public bint dropped
    cdef public dict var_map
    cdef public Uri uri_cache
    cdef public bint uri_consumed
    cdef public int hops

    cpdef str uri_text(self)
    cpdef Uri uri_parts(self)

    cpdef set_uri(self, str uri)
    cpdef revert_uri(self)
    cpdef bint append_branch(self, Branch branch) except -1
    cpdef AvpStore shared_avps(self)
    cpdef dict variables(self)
    cpdef add_reply_header(self, bytes line)
