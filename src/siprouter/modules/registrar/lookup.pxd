cimport cython

from siprouter.core.context cimport Branch, Context
from siprouter.modules.registrar.state cimport Registrar
from siprouter.modules.usrloc.contact cimport Contact
from siprouter.modules.usrloc.domain cimport Domain
from siprouter.sip.nameaddr cimport parse_nameaddr
from siprouter.transport.endpoint cimport Listener

cdef tuple BITS_BY_ID
cdef int NOT_FOUND
cdef int METHOD_NOT_ALLOWED
cdef int FAILED

cpdef str path_destination(str path)
cpdef str next_hop(Contact contact)

@cython.locals(contacts=tuple, contact=Contact, bit="unsigned int", index=Py_ssize_t)
cpdef int lookup(Registrar inst, Context ctx, Domain domain) except -4

@cython.locals(hop=str, listener=Listener)
cdef _set_destination(Registrar inst, Context ctx, Contact contact)

@cython.locals(hop=str, listener=Listener, branch=Branch)
cdef _append_branch(Registrar inst, Context ctx, Contact contact)

@cython.locals(contacts=tuple, contact=Contact)
cpdef int registered(Registrar inst, Context ctx, Domain domain) except -2
