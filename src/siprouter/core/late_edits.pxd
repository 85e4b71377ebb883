cimport cython

from siprouter.core.context cimport Context
from siprouter.sip.edits cimport Edit, make_edit
from siprouter.sip.message cimport Message

@cython.locals(msg=Message)
cpdef insert_late(Context ctx, owner)
@cython.locals(known=list)
cdef _remember(Context ctx, Edit edit, owner)
@cython.locals(known=list)
cdef _owner(Context ctx, Edit edit)
@cython.locals(edit=Edit)
cpdef find_late(Context ctx, kind)
@cython.locals(known=list, edit=Edit, settled=list, lines=bytes)
cpdef list settle_edits(Context ctx, list edits, listener)
