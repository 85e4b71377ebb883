cimport cython

from siprouter.core.context cimport Context
from siprouter.sip.headers cimport Header
from siprouter.sip.message cimport Message

cdef int H_MAX_FORWARDS
cdef tuple _NUMBERS

@cython.locals(msg=Message)
cpdef int hops_left(Context ctx) except? -100
@cython.locals(msg=Message, header=Header)
cpdef set_hops(Context ctx, int hops)
@cython.locals(msg=Message)
cpdef add_hops(Context ctx, int hops)
