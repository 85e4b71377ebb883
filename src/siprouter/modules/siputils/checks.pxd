from siprouter.core.context cimport Context

cpdef int has_totag(inst, Context ctx) except? -1000
