from siprouter.core.context cimport Context
from siprouter.modules.tm.build cimport BranchInfo
from siprouter.transaction.branch cimport Branch


cdef class Wish:
    cdef public str dst_uri
    cdef public unsigned int flags
    cdef public object force_socket
    cdef public str instance
    cdef public str path
    cdef public unsigned int send_flags
    cdef public str uri

    cpdef BranchInfo branch_info(self, list edits)

cpdef consume(Context ctx)
