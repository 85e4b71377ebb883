cimport cython

from siprouter.core.context cimport Context


cdef class Hints:
    cdef public unsigned int branch_flags
    cdef public bint created
    cdef public int done
    cdef public str dst_uri
    cdef public bint e2e_ack
    cdef public list edits
    cdef public tuple error
    cdef public int flags_off
    cdef public int flags_on
    cdef public object force_socket
    cdef public double fr
    cdef public double fr_inv
    cdef public object hold
    cdef public str instance
    cdef public str key
    cdef public double lifetime_inv
    cdef public double lifetime_other
    cdef public str new_uri
    cdef public object on_branch
    cdef public object on_failure
    cdef public object on_reply
    cdef public str path
    cdef public object picked
    cdef public double retr1
    cdef public double retr2
    cdef public bint saved

    cpdef save(self, Context ctx)


@cython.locals(hints=Hints)
cpdef Hints hints_of(Context ctx)
