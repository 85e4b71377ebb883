cimport cython

from siprouter.transaction.base cimport Config, Shared
from siprouter.transaction.branch cimport Branch, Cancel
from siprouter.transaction.server cimport ServerTransaction
from siprouter.transport.endpoint cimport Endpoint
from siprouter.util.wheel cimport Wheel

cdef int B_BLIND
cdef int B_CANCELED
cdef int B_INV_TIMER
cdef int B_TIMED_OUT
cdef int CANCEL_FAKE_487
cdef int CANCEL_KEEP_RETRANSMITTING
cdef double EARLY
cdef int F_CANCELED
cdef int F_LOCAL
cdef int F_NOISY
cdef int F_RELEASED
cdef int NO_ANSWER
cdef int ON_FAILURE
cdef int ON_FAILURE_RO
cdef int REQUEST_SENT
cdef int R_1XX
cdef int R_2XX
cdef int SEND_FAILED
cdef int START
cdef int TRANSPORT_ERROR
cdef int T_FINAL
cdef int T_LINGER
cdef int T_RETRANSMIT
cdef bytes INVITE_ACTIONS
cdef bytes INVITE_NEXT
cdef bytes OTHER_ACTIONS
cdef bytes OTHER_NEXT
cdef int C_CALLING
cdef int C_COMPLETED
cdef int C_ERROR
cdef int C_PROCEEDING
cdef int C_RESEND
cdef int C_RESOLVING
cdef int C_SEND
cdef int C_TERMINATED
cdef int C_TIMEOUT
cdef int CLIENT_INPUTS
cdef double NEVER


cdef class ForkingTransaction(ServerTransaction):
    cdef public bytes cancel_reason
    cdef public double end_of_life
    cdef public double fr_inv_timeout
    cdef public object on_branch
    cdef public object on_failure
    cdef public object on_reply

    @cython.locals(config=Config)
    cpdef begin_client(self, double now)
    @cython.locals(index=int)
    cpdef int client_step(self, Branch branch, int given) except -1
    @cython.locals(branch=Branch)
    cpdef Branch add_branch(self, double now)
    cpdef await_target(self, Branch branch)
    @cython.locals(branch=Branch)
    cpdef Branch add_blind_branch(self, double now)
    cpdef end_blind_branch(self, Branch branch)
    cpdef bint start(self, Branch branch, bytes data, Endpoint target, double now) except -1
    cpdef abandon(self, Branch branch)
    cpdef fail(self, Branch branch, int status, double now)
    @cython.locals(now=double)
    cpdef transport_failed(self, Branch branch, _error)
    @cython.locals(rang=bint)
    cpdef branch_timer(self, Branch branch, double now)
    cpdef time_out(self, Branch branch, bint rang, double now)
    cpdef bint may_be_silent(self, Branch branch) except -1
    cpdef bint transmit(self, bytes data, Endpoint target) except -1
    cpdef acknowledge(self, Branch branch, reply)
    @cython.locals(method=int, branch=Branch, left=int)
    cpdef int cancel_branches(self, bytes reason, Branch skip, double now) except -1
    cpdef cancel_branch(self, Branch branch, bytes reason, int method, double now)
    @cython.locals(cancel=Cancel)
    cpdef send_cancel(self, Branch branch, bytes reason, double now)
    @cython.locals(given=int)
    cpdef cancel_answered(self, Cancel cancel, int status)
    @cython.locals(given=int, index=int)
    cpdef cancel_timer(self, Cancel cancel, double now)
    cpdef bytes local_reason(self, int status)
    @cython.locals(wheel=Wheel, branch=Branch)
    cpdef end_branches(self, int status, double now)
    @cython.locals(branch=Branch)
    cpdef release(self, double now)
    @cython.locals(wheel=Wheel, branch=Branch)
    cpdef drop_branches(self)
    @cython.locals(branch=Branch, timeout=double)
    cpdef set_fr(self, double fr_inv, double fr, double now)
    @cython.locals(branch=Branch)
    cpdef set_retransmission(self, double first, double longest)
    @cython.locals(branch=Branch)
    cpdef set_lifetime(self, double seconds, double now)
    cpdef deliver(self, Branch branch, reply, int status, double now)
