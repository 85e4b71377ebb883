cimport cython

from siprouter.core.context cimport Context
from siprouter.modules.registrar.state cimport Registrar
from siprouter.modules.usrloc.contact cimport Contact
from siprouter.sip.headers cimport Header
from siprouter.sip.message cimport Message
from siprouter.sip.nameaddr cimport NameAddr, params_of
from siprouter.sip.params cimport ParamCursor

cdef int H_ALLOW
cdef int H_CONTACT
cdef int H_EXPIRES
cdef int H_PATH
cdef int H_USER_AGENT
cdef long MAX_EXPIRES


cdef class Wanted:
    cdef public str uri
    cdef public unsigned int expires
    cdef public short q
    cdef public unsigned int methods
    cdef public str received


cdef class Registration:
    cdef public str call_id
    cdef public unsigned int cseq
    cdef public long now
    cdef public bint star
    cdef public list contacts
    cdef public str socket
    cdef public str user_agent
    cdef public str path
    cdef public unsigned int flags
    cdef public unsigned int cflags


@cython.locals(wanted=Wanted)
cpdef Wanted make_wanted(str uri, unsigned int expires, short q, unsigned int methods, str received)

@cython.locals(reg=Registration)
cpdef Registration make_registration(str call_id, unsigned int cseq, long now, unsigned int flags=*,
                                     unsigned int cflags=*)

@cython.locals(msg=Message, reg=Registration, contacts=list, contact=NameAddr, default=long, allowed="unsigned int")
cpdef Registration read_registration(Registrar inst, Context ctx, unsigned int flags, long now, tuple known)

@cython.locals(contact=NameAddr)
cpdef bint has_star(list contacts) except -1

@cython.locals(contacts=list, contact=NameAddr)
cpdef list read_contacts(Message msg, tuple known=*)

@cython.locals(contact=Contact, index=Py_ssize_t)
cpdef bint is_known(str uri, tuple known) except -1

@cython.locals(uri=str, cursor=ParamCursor, q_text=str, methods_text=str, expires_text=str, received=str, expires=long,
               q=short)
cdef Wanted _wanted(Registrar inst, Context ctx, NameAddr contact, long default_expires, unsigned int allowed,
                    str path_received, long now)

@cython.locals(header=Header, text=str, seconds=long)
cpdef long header_expires(Message msg, long now) except -2

@cython.locals(value=long)
cpdef long parse_seconds(str text) except -2

@cython.locals(settings=dict, seconds=long, expires=long, shortest=long, longest=long)
cpdef long contact_expires(inst, str text, long default, long now) except -1

@cython.locals(header=Header)
cpdef str user_agent(Message msg)

@cython.locals(header=Header, mask="unsigned int")
cdef unsigned int _allowed_methods(Message msg) except? 0
