cimport cython

from siprouter.transaction.branch cimport Branch, Cancel
from siprouter.transaction.client cimport ForkingTransaction
from siprouter.transaction.forking cimport challenge_count, has_pending, pick_best

cdef int B_CANCELED
cdef int B_FAKED
cdef int B_FIRST
cdef int B_INV_TIMER
cdef int B_REPLIED
cdef int F_DISABLE_6XX
cdef int F_GONE
cdef int F_LOCAL
cdef int F_SEEN_6XX
cdef int LOCAL_REPLY
cdef int ON_FAILURE
cdef int ON_FAILURE_RO
cdef int OVERLOADED
cdef int RESPONSE_FWDED
cdef int C_ACK
cdef int C_CALLING
cdef int C_FAILURE
cdef int C_IGNORE
cdef int C_LATE_SUCCESS
cdef int C_PROCEEDING
cdef int C_PROGRESS
cdef int C_SUCCESS
cdef int R_1XX
cdef int R_2XX
cdef int R_3XX_6XX
cdef int DROPPED
cdef int PENDING
cdef double NEVER


cdef class Transaction(ForkingTransaction):
    cdef public bint busy
    cdef public int drop_mode
    cdef public int failed_count
    cdef public list inbox
    cdef public Branch picked

    @cython.locals(action=int)
    cpdef receive_reply(self, Branch branch, reply, int status, double now)
    cpdef slow_down(self, Branch branch, double now)
    @cython.locals(cancel=Cancel)
    cpdef cancel_late(self, Branch branch, int status, double now)
    cpdef deliver(self, Branch branch, reply, int status, double now)
    cpdef drain(self, double now)
    @cython.locals(outcome=int)
    cpdef process(self, Branch branch, reply, int status, double now)
    cpdef resume_reply(self, Branch branch, reply, int status, double now)
    @cython.locals(before=int, increasing=bint)
    cpdef conclude(self, Branch branch, reply, int status, double now)
    cpdef settle(self, double now)
    cpdef decide(self, Branch branch, reply, int status, double now)
    @cython.locals(picked=Branch, outcome=int)
    cpdef choose(self, double now)
    cpdef resume_failure(self, double now)
    @cython.locals(forked=bint, dropped=bint, picked=Branch)
    cpdef after_failure(self, double now)
    @cython.locals(first=int, branch=Branch)
    cpdef drop_replies(self)
    @cython.locals(challenged=bint)
    cpdef relay(self, Branch branch, reply, int status, double now)
    cpdef bint is_known_tag(self, reply) except -1
    cpdef list all_challenges(self)
    @cython.locals(first_final=bint)
    cpdef finish_local(self, Branch branch, reply, int status, double now)
    cpdef bint reply(self, int status, bytes data, double now) except -1
