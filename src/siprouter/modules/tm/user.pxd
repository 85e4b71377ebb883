cimport cython

from siprouter.core.avp cimport AvpStore
from siprouter.core.context cimport Context
from siprouter.core.outgoing cimport build_own_reply, flagged
from siprouter.core.routes cimport CompiledRoute
from siprouter.core.send_flags cimport reply_flags
from siprouter.core.worker cimport Worker
from siprouter.modules.tm.build cimport BranchInfo
from siprouter.modules.tm.fork cimport try_next_target
from siprouter.modules.tm.hints cimport Hints, hints_of
from siprouter.sip.build cimport build_forward_reply
from siprouter.sip.message cimport Message
from siprouter.transaction.branch cimport Branch
from siprouter.transaction.transaction cimport Transaction
from siprouter.transport.endpoint cimport Endpoint, is_stream

cdef int H_PROXY_AUTHENTICATE
cdef int H_WWW_AUTHENTICATE
cdef int LOCAL_RESPONSE_IN
cdef int ON_FAILURE
cdef int ON_FAILURE_RO
cdef int RESPONSE_IN
cdef int DROPPED
cdef int F_AUTO_100
cdef int F_LOCAL
cdef int FAILURE
cdef int PENDING
cdef int REPLIED
cdef int TM_ONREPLY


cdef class ScriptUser:
    cdef public object tm
    cdef public Worker worker
    cdef public bytes tag_secret

    cpdef int run(self, CompiledRoute route, Context ctx) except? -1000
    @cython.locals(request=Context, info=BranchInfo, kind=int)
    cpdef attach(self, Context ctx, Transaction transaction, Branch branch)
    @cython.locals(route=CompiledRoute)
    cpdef int reply_received(self, Transaction transaction, Branch branch, Context reply, double _now) except? -1000
    @cython.locals(request=Context, info=BranchInfo)
    cpdef int after_reply_route(self, Transaction transaction, Branch branch, Context reply) except? -1000
    @cython.locals(status=int)
    cpdef int status_of(self, Branch branch, Context reply) except? -1000
    @cython.locals(high="unsigned int", low="unsigned int", digest="Py_hash_t")
    cpdef str to_tag(self, Transaction transaction)
    @cython.locals(tag=str, hints=Hints)
    cpdef bint reply_locally(
        self, Transaction transaction, Context ctx, int status, str reason, double now, bytes headers=*, bytes body=*
    ) except -1
    cpdef send_trying(self, Transaction transaction, Context ctx)
    @cython.locals(target=Endpoint)
    cpdef bytes build_relayed(self, Transaction transaction, Branch _branch, Context reply)
    cpdef str reply_tag(self, Context reply)
    @cython.locals(ctx=Context, branch=Branch)
    cpdef destroyed(self, Transaction transaction)
