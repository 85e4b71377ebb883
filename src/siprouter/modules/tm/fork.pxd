cimport cython

from siprouter.core.blacklist cimport blacklist_of
from siprouter.core.context cimport Branch as Destination
from siprouter.core.context cimport Context
from siprouter.core.forward cimport plan_for
from siprouter.core.outgoing cimport NextHop, endpoint_for, endpoint_for_large, next_hop, passes_onsend
from siprouter.core.routes cimport CompiledRoute
from siprouter.core.send_flags cimport forward_flags
from siprouter.modules.tm.blacklisting cimport is_avoided
from siprouter.modules.tm.build cimport BranchInfo, build_branch
from siprouter.modules.tm.hints cimport Hints, hints_of
from siprouter.sip.message cimport Message
from siprouter.transaction.branch cimport Branch
from siprouter.transaction.table cimport is_loop
from siprouter.transaction.transaction cimport Transaction
from siprouter.transport.endpoint cimport Endpoint

cdef int BRANCH
cdef int ERR_SEND
cdef int B_FIRST
cdef int B_TRIED
cdef int C_RESOLVING
cdef int F_CANCELED
cdef int F_DISABLE_FAILOVER
cdef int F_LOCAL
cdef int F_SEEN_6XX
cdef int FORWARDED
cdef int REQUEST_FWDED


cdef class Wish:
    cdef public str dst_uri
    cdef public unsigned int flags
    cdef public object force_socket
    cdef public str instance
    cdef public str path
    cdef public unsigned int send_flags
    cdef public str uri

    cpdef BranchInfo branch_info(self, list edits)

@cython.locals(hints=Hints, wishes=list, wish=Wish, route=CompiledRoute, worst=int, started=list, made=tuple, branch=Branch,
               first=Context)
cpdef int forward(tm, Context ctx, Transaction transaction, NextHop hop, int proto) except? -1000
@cython.locals(hints=Hints, alive=int, made=tuple, branch=Branch)
cpdef int send_all(tm, Context ctx, Transaction transaction, list started) except? -1000
@cython.locals(wishes=list, branch=Destination, hints=Hints, fresh=bint)
cpdef list destination_set(Context ctx)
@cython.locals(branch=Destination)
cpdef bint is_named(Context ctx) except -1
@cython.locals(hints=Hints)
cpdef consume(Context ctx)
@cython.locals(branch=Branch, target=NextHop, edits=list, msg=Message)
cpdef tuple add_branch(
    tm, Context ctx, Transaction transaction, Wish wish, CompiledRoute route, NextHop hop, int proto
)
cpdef list run_branch_route(tm, Context ctx, Transaction transaction, Wish wish, CompiledRoute route)
cpdef tuple dress(Context ctx, Wish wish, int index)
cpdef list undress(Context ctx, Wish wish)
cpdef restore(Context ctx, tuple kept)
cpdef bint may_fail_over(tm, Transaction transaction) except -1
cpdef bint send_branch(tm, Transaction transaction, Branch branch, plan, double now) except -1
@cython.locals(ctx=Context, info=BranchInfo, to=Endpoint, larger=Endpoint, data=bytes)
cpdef bint send_to(tm, Transaction transaction, Branch branch, target, double now) except -1
@cython.locals(fresh=Branch, info=BranchInfo, again=BranchInfo, edits=list)
cpdef bint try_next_target(tm, Transaction transaction, Branch branch, double now) except -1
