cimport cython

from siprouter.core.context cimport Context
from siprouter.core.forward cimport forward_request
from siprouter.core.outgoing cimport NextHop
from siprouter.modules.tm.fork cimport forward
from siprouter.modules.tm.hints cimport Hints, hints_of
from siprouter.modules.tm.state cimport Tm
from siprouter.transaction.transaction cimport Transaction

cdef int FORWARDED
cdef int F_AUTO_100
cdef int F_DISABLE_FAILOVER
cdef int RELEASED
cdef int SIP_PORT
cdef int F_LOCAL
cdef int FAILURE
cdef int M_ACK
cdef int M_CANCEL
cdef int PROTO_NONE

@cython.locals(transaction=Transaction, method=int, result=int, hints=Hints)
cpdef int relay(Tm tm, Context ctx, NextHop hop=*, int proto=*, bint replicate=*) except? -1000
cpdef int relay_again(Tm tm, Context ctx, NextHop hop, int proto) except? -1000
cpdef NextHop with_proto(Context ctx, NextHop hop, int proto)
cpdef int t_relay(Tm tm, Context ctx, str host=*, int port=*) except? -1000
