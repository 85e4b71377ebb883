cimport cython

from siprouter.core.context cimport Context
from siprouter.core.late_edits cimport settle_edits
from siprouter.core.outgoing cimport route_lines, via_line, via_notes
from siprouter.core.send_flags cimport as_advertised
from siprouter.sip.build cimport build_forward
from siprouter.sip.message cimport Message
from siprouter.transaction.branch cimport Branch
from siprouter.transport.endpoint cimport Endpoint, Listener, is_stream

cdef unsigned int ADD_LOCAL_RPORT


cdef class BranchInfo:
    cdef public list edits
    cdef public unsigned int flags
    cdef public object forced
    cdef public str instance
    cdef public Message msg
    cdef public str path
    cdef public unsigned int send_flags
    cdef public str uri

@cython.locals(msg=Message, listener=Listener, received=str, rport=int)
cpdef bytes build_branch(tm, Context ctx, Branch branch, BranchInfo info, Endpoint to)
