from siprouter.core.context cimport Context

cpdef int hops_left(Context ctx) except? -100
cpdef set_hops(Context ctx, int hops)
