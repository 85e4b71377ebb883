from siprouter.core.context cimport Context

cpdef int relay(tm, Context ctx, hop=*, int proto=*, bint replicate=*) except? -1000
