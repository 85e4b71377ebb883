from siprouter.transaction.base cimport Retransmitter


cdef int C_CALLING
cdef int C_RESOLVING


cdef class Branch(Retransmitter):
    cdef public object owner
    cdef public Cancel cancel
    cdef public int flags
    cdef public int index
    cdef public object info
    cdef public object plan
    cdef public object reply
    cdef public int state
    cdef public int status
    cdef public str uri
    cdef public str via_branch

    cpdef fire(self, double now)


cdef class Cancel(Retransmitter):
    cdef public Branch branch
    cdef public int state

    cpdef fire(self, double now)
