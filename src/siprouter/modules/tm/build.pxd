from siprouter.core.context cimport Context
from siprouter.sip.message cimport Message
from siprouter.transaction.branch cimport Branch
from siprouter.transport.endpoint cimport Endpoint


cdef class BranchInfo:
    cdef public list edits
    cdef public unsigned int flags
    cdef public object forced
    cdef public str instance
    cdef public Message msg
    cdef public str path
    cdef public unsigned int send_flags
    cdef public str uri

cpdef bytes build_branch(tm, Context ctx, Branch branch, BranchInfo info, Endpoint to)
