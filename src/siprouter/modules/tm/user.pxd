from siprouter.core.context cimport Context
from siprouter.transaction.branch cimport Branch
from siprouter.transaction.transaction cimport Transaction


cdef class ScriptUser:
    cdef public object tm
    cdef public object worker
    cdef public bytes tag_secret

    cpdef attach(self, Context ctx, Transaction transaction, Branch branch)
    cpdef str to_tag(self, Transaction transaction)
    cpdef send_trying(self, Transaction transaction, Context ctx)
    cpdef bytes build_relayed(self, Transaction transaction, Branch _branch, reply)
    cpdef destroyed(self, Transaction transaction)
