cimport cython

from siprouter.core.context cimport Context
from siprouter.core.outgoing cimport NextHop, SingleTarget, Target
from siprouter.sip.message cimport Message
from siprouter.sip.via cimport Via
from siprouter.transport.endpoint cimport Endpoint, Listener

@cython.locals(msg=Message, via=Via, digest="Py_hash_t")
cpdef str stateless_branch(Context ctx)
cpdef forward_request(Context ctx, NextHop hop=*)
@cython.locals(target=Target)
cpdef plan_for(worker, NextHop hop)
@cython.locals(branch=str)
cpdef bint send_to_first(Context ctx, plan) except -1
@cython.locals(flags=int, endpoint=Endpoint, larger=Endpoint, data=bytes, now=double)
cpdef bint send_to(Context ctx, target, str branch) except -1
@cython.locals(listener=Listener, msg=Message)
cpdef bytes build_request(Context ctx, Endpoint to, str branch)
