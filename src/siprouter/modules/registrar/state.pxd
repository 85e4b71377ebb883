cimport cython

from siprouter.core.context cimport Context
from siprouter.core.counters cimport Counter
from siprouter.core.worker cimport Worker
from siprouter.modules.registrar.aor cimport make_aor
from siprouter.modules.sl.state cimport Sl
from siprouter.sip.uri cimport Uri, parse_uri
from siprouter.transport.endpoint cimport Listener


cdef class Registrar:
    cdef public object received_param
    cdef public object received_avp
    cdef public object aor_avp
    cdef public object reg_callid_avp
    cdef public object sock_flag
    cdef public object sock_hdr_name
    cdef public object method_filtering
    cdef public object use_path
    cdef public object path_mode
    cdef public object path_use_received
    cdef public object cfg
    cdef public object stats
    cdef public Worker worker
    cdef public object usrloc
    cdef public Sl sl
    cdef public object rules
    cdef public Counter accepted
    cdef object _received
    cdef object _aor
    cdef object _call_id
    cdef unsigned int _socket_flag
    cdef bint _use_domain
    cdef public dict settings
    cdef dict __dict__  # parameters that nothing here reads are set as attributes, too

    cpdef str aor(self, Context ctx, str uri=*)
    cpdef str aor_of_message(self, Context ctx)
    cdef str _make_aor(self, Uri uri)
    cpdef received_from_avp(self, Context ctx)
    cpdef wanted_call_id(self, Context ctx)
    cpdef default_expiry(self)
    @cython.locals(listener=Listener)
    cpdef str received_socket(self, Context ctx)
