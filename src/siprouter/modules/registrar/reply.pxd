cimport cython

from siprouter.core.context cimport Context
from siprouter.modules.registrar.state cimport Registrar
from siprouter.modules.usrloc.contact cimport Contact, q_text
from siprouter.util.text cimport to_bytes

cdef int PATH_OFF

@cython.locals(values=list, contact=Contact)
cpdef bytes contact_line(tuple contacts, long now, str received_param)

@cython.locals(value=str, left=long)
cpdef str contact_value(Contact contact, long now, str received_param)

@cython.locals(lines=bytes)
cpdef bint send_accepted(Registrar inst, Context ctx, tuple contacts, str path, long now) except -1

@cython.locals(lines=bytes)
cpdef bint send_rejected(Registrar inst, Context ctx, rejected, tuple contacts, long now) except -1
