from siprouter.core.context cimport Context
from siprouter.modules.sl.state cimport Sl

cpdef tuple status_and_reason(Sl sl, code, reason)
cpdef int sl_send_reply(Sl sl, Context ctx, code, reason) except -2
cpdef int send_reply(Sl sl, Context ctx, code, reason) except -2
cpdef int sl_reply_error(Sl sl, Context ctx) except -2
