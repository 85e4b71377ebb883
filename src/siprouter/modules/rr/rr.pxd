cimport cython

from siprouter.core.context cimport Context
from siprouter.core.late_edits cimport find_late, insert_late
from siprouter.core.worker cimport Worker
from siprouter.modules.rr.record cimport RecordRoute
from siprouter.sip.edits cimport Edit
from siprouter.sip.message cimport Message
from siprouter.sip.nameaddr cimport NameAddr

cdef str PRESET


cdef class RecordRouting:
    cdef public Worker worker
    cdef public object log
    cdef public list callbacks
    cdef public int append_fromtag
    cdef public int enable_double_rr
    cdef public int enable_full_lr
    cdef public int add_username
    cdef public object ignore_user
    cdef dict __dict__

    @cython.locals(suffix=bytes, owner=RecordRoute)
    cpdef int record_route(self, Context ctx, str params=*) except? -1000
    @cython.locals(edit=Edit)
    cpdef bint _recorded(self, Context ctx) except -1
    cpdef bytes _lr(self)
    @cython.locals(msg=Message, tag=str)
    cpdef bytes _from_tag(self, Context ctx)
    cpdef bytes _user(self, Context ctx)
