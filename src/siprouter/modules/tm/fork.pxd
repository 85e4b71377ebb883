from siprouter.core.context cimport Context
from siprouter.modules.tm.build cimport BranchInfo
from siprouter.transaction.branch cimport Branch
from siprouter.transaction.transaction cimport Transaction


cdef class Wish:
    cdef public str dst_uri
    cdef public unsigned int flags
    cdef public object force_socket
    cdef public str instance
    cdef public str path
    cdef public unsigned int send_flags
    cdef public str uri

    cpdef BranchInfo branch_info(self, list edits)

cpdef int forward(tm, Context ctx, Transaction transaction, hop, int proto) except? -1000
cpdef int send_all(tm, Context ctx, Transaction transaction, list started) except? -1000
cpdef consume(Context ctx)
cpdef add_branch(tm, Context ctx, Transaction transaction, Wish wish, route, hop, int proto)
cpdef bint may_fail_over(tm, Transaction transaction) except -1
cpdef bint send_branch(tm, Transaction transaction, Branch branch, plan, double now) except -1
cpdef bint send_to(tm, Transaction transaction, Branch branch, target, double now) except -1
